namespace OrleansStream.Log.Blocks;

/// <summary>What a frame holds. The numbers stand in stored blocks and are never reused.</summary>
public enum FrameKind : byte
{
    /// <summary>One Kafka record batch, as the client sent it but for base offset and leader epoch.</summary>
    Records = 1,

    /// <summary>State changes of a journal partition: one offset for each.</summary>
    Journal = 2,
}
