using System.Buffers.Binary;
using System.Text;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Reads the primitives of the group journal. What does not fit or breaks a limit makes it <see cref="Failed"/>; from then on it gives zeros.</summary>
internal ref struct JournalReader(ReadOnlySpan<byte> bytes)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);
    private ReadOnlySpan<byte> _rest = bytes;

    public bool Failed { get; private set; }

    public readonly bool IsAtEnd => !Failed && _rest.Length == 0;

    public byte Byte() => Take(1) is [var value] ? value : (byte)0;

    public ushort UInt16() => Take(2) is { Length: 2 } span ? BinaryPrimitives.ReadUInt16LittleEndian(span) : (ushort)0;

    public int Int32() => Take(4) is { Length: 4 } span ? BinaryPrimitives.ReadInt32LittleEndian(span) : 0;

    public long Int64() => Take(8) is { Length: 8 } span ? BinaryPrimitives.ReadInt64LittleEndian(span) : 0;

    public string? NullableText()
    {
        var length = UInt16();
        return length == JournalFormat.NullText ? null : Decode(Take(length));
    }

    public string Text()
    {
        var text = NullableText();
        Failed |= text is null;
        return text ?? "";
    }

    public string LongText() => Decode(Take(Count(JournalFormat.MaxBytes, 1)));

    public byte[] Bytes() => Take(Count(JournalFormat.MaxBytes, 1)).ToArray();

    public TopicId Topic() => Take(16) is { Length: 16 } span ? new TopicId(new Guid(span, bigEndian: true)) : TopicId.None;

    /// <summary>A count of things that take at least <paramref name="leastBytes"/> each, so that a wrong one allocates nothing.</summary>
    public int Count(int limit, int leastBytes)
    {
        var count = Int32();
        if (count < 0 || count > limit || count > _rest.Length / leastBytes)
        {
            Failed = true;
        }

        return Failed ? 0 : count;
    }

    private string Decode(ReadOnlySpan<byte> utf8)
    {
        try
        {
            return Strict.GetString(utf8);
        }
        catch (DecoderFallbackException)
        {
            Failed = true;
            return "";
        }
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count > _rest.Length)
        {
            Failed = true;
            return [];
        }

        var taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }
}
