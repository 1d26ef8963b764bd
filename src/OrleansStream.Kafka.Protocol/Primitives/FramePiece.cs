namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>A part of a written frame, to be sent before the next one: either bytes of the writer or a payload that was not copied.</summary>
/// <param name="Bytes">The writer's memory; empty if this is a payload. Valid until the writer is reset or disposed.</param>
/// <param name="Records">The payload; null if this is plain bytes.</param>
public readonly record struct FramePiece(ReadOnlyMemory<byte> Bytes, RecordsPayload? Records)
{
    public int Length => Records?.Length ?? Bytes.Length;
}
