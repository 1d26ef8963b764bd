using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>Reads what <see cref="WireWriter"/> writes.</summary>
internal sealed class WireReader(byte[] bytes)
{
    private int _at;

    public int Int8() => (sbyte)Take(1)[0];

    public int Int16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public string? Text() => Int16() is >= 0 and var length ? Encoding.UTF8.GetString(Take(length)) : null;

    public byte[] Bytes() => Int32() is >= 0 and var length ? Take(length).ToArray() : [];

    public WireReader Skip(int count)
    {
        Take(count);
        return this;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = bytes.AsSpan(_at, count);
        _at += count;
        return taken;
    }
}
