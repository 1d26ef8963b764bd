using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>Fields of Kafka's older, non-flexible versions, written by hand: none of our own codec is in these requests.</summary>
internal sealed class WireWriter
{
    private readonly MemoryStream _bytes = new();

    public WireWriter Int8(int value) => Add([(byte)value]);

    public WireWriter Int16(int value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteInt16BigEndian(bytes, (short)value);
        return Add(bytes);
    }

    public WireWriter Int32(int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return Add(bytes);
    }

    public WireWriter Int64(long value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return Add(bytes);
    }

    public WireWriter Text(string? text) => text is null ? Int16(-1) : Int16(Encoding.UTF8.GetByteCount(text)).Add(Encoding.UTF8.GetBytes(text));

    public WireWriter Bytes(byte[]? bytes) => bytes is null ? Int32(-1) : Int32(bytes.Length).Add(bytes);

    public WireWriter Add(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }

    public byte[] ToArray() => _bytes.ToArray();
}
