namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>Bounds that hold for every frame, whatever its length fields claim.</summary>
public static class ProtocolLimits
{
    /// <summary>Longest string in bytes, in both encodings: the fixed one cannot say more, and Kafka refuses more in the compact one.</summary>
    public const int MaxStringBytes = short.MaxValue;

    /// <summary>
    /// Strings, buffers and structures that all lists of one frame hold together at most. A frame can name an object with one byte, for which
    /// we allocate a hundred; this keeps the worst frame at about 128 MiB. A frame for 100,000 partitions in 10,000 topics stays below half of it.
    /// </summary>
    public const int MaxElementsPerFrame = 1024 * 1024;
}
