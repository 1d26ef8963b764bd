using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Writes the primitives of the group journal, little endian.</summary>
internal sealed class JournalWriter
{
    private readonly ArrayBufferWriter<byte> _buffer = new(256);

    public byte[] ToArray() => _buffer.WrittenSpan.ToArray();

    public void Byte(byte value) => Take(1)[0] = value;

    public void UInt16(ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Take(2), value);

    public void Int32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Take(4), value);

    public void Int64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

    /// <summary>A text of at most <see cref="JournalFormat.MaxTextBytes"/> in UTF-8; all come from the wire, which allows less.</summary>
    public void Text(string? text)
    {
        if (text is null)
        {
            UInt16(JournalFormat.NullText);
            return;
        }

        var bytes = Encoding.UTF8.GetByteCount(text);
        Check(bytes, JournalFormat.MaxTextBytes);
        UInt16((ushort)bytes);
        Encoding.UTF8.GetBytes(text, Take(bytes));
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Count(bytes.Length, JournalFormat.MaxBytes);
        bytes.CopyTo(Take(bytes.Length));
    }

    public void LongText(string text)
    {
        var bytes = Encoding.UTF8.GetByteCount(text);
        Count(bytes, JournalFormat.MaxBytes);
        Encoding.UTF8.GetBytes(text, Take(bytes));
    }

    public void Topic(TopicId topic) => topic.Value.TryWriteBytes(Take(16), bigEndian: true, out _);

    public void Count(int count, int limit)
    {
        Check(count, limit);
        Int32(count);
    }

    private static void Check(int count, int limit)
    {
        if (count > limit)
        {
            throw new ArgumentException($"{count} is more than the {limit} that the group journal can hold.");
        }
    }

    private Span<byte> Take(int bytes)
    {
        var span = _buffer.GetSpan(bytes)[..bytes];
        _buffer.Advance(bytes);
        return span;
    }
}
