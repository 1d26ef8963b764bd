namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>Record batches in plain memory: what reading a response yields (a slice of its frame), and what tests answer with.</summary>
public sealed class MemoryRecords(ReadOnlyMemory<byte> bytes) : RecordsPayload
{
    /// <summary>No batches. What Kafka answers where there are none; it never answers null, and not every client expects it.</summary>
    public static MemoryRecords Empty { get; } = new(default);

    /// <summary>Borrowed from whoever owns the frame.</summary>
    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    public override int Length => Bytes.Length;

    public override void CopyTo(Span<byte> destination) => Bytes.Span.CopyTo(destination);
}
