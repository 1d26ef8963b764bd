namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>
/// Record batches that a response carries but does not hold: a writer notes where they belong and leaves the bytes where they are.
/// The gateway derives one that names block leases. Whoever builds the response owns the payload and frees it when the frame is sent.
/// </summary>
public abstract class RecordsPayload
{
    /// <summary>Size in bytes, 0 to <see cref="int.MaxValue"/>. It goes into the frame's header, so it must not change once the response is written.</summary>
    public abstract int Length { get; }

    /// <summary>Copies everything to the front of <paramref name="destination"/>, which has room for <see cref="Length"/> bytes. For who needs the frame in one piece: tests, small clients.</summary>
    public abstract void CopyTo(Span<byte> destination);
}
