using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Log.Storage;

/// <summary>Reads what <see cref="RecordWriter"/> wrote. Every read beyond the end throws <see cref="FormatException"/>, so no length from outside is believed.</summary>
public ref struct RecordReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    public readonly int Remaining => _rest.Length;

    public byte Byte() => Take(1)[0];

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public Guid Guid() => new(Take(16), bigEndian: true);

    public string Text() => Encoding.UTF8.GetString(Take(BinaryPrimitives.ReadUInt16LittleEndian(Take(2))));

    /// <summary>Passes over bytes that somebody else reads.</summary>
    public void Skip(int bytes) => Take(bytes);

    /// <summary>A count of items that take at least this many bytes each: refused if the rest cannot hold them.</summary>
    public int Count(int minItemBytes)
    {
        var count = Int32();
        return count < 0 || (long)count * minItemBytes > _rest.Length
            ? throw new FormatException($"A count of {count} does not fit in the {_rest.Length} bytes that follow.")
            : count;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (length > _rest.Length) throw new FormatException($"{length} bytes expected, {_rest.Length} left.");
        var taken = _rest[..length];
        _rest = _rest[length..];
        return taken;
    }
}
