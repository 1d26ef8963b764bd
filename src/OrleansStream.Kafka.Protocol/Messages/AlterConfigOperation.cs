namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What to do with the value of a setting.</summary>
public enum AlterConfigOperation : sbyte
{
    Set = 0,

    /// <summary>Back to what it would be if nobody had set it.</summary>
    Delete = 1,

    /// <summary>Add to a list.</summary>
    Append = 2,

    /// <summary>Take from a list.</summary>
    Subtract = 3,
}
