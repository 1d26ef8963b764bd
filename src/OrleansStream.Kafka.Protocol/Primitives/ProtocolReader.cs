using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Framing;

namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>
/// Reads the protocol's primitives from one frame, front to back. Buffers come back as slices of the frame, never as copies:
/// whoever owns the frame keeps it until the message that was read is no longer used. No length is believed: each is checked
/// against what is left of the frame before anything is allocated. Not safe for concurrent use.
/// </summary>
/// <param name="frame">The frame without its size field.</param>
public ref struct ProtocolReader(ReadOnlyMemory<byte> frame)
{
    private readonly ReadOnlyMemory<byte> _frame = frame;
    private readonly ReadOnlySpan<byte> _bytes = frame.Span;
    private int _elementsLeft = ProtocolLimits.MaxElementsPerFrame;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Bytes that are left.</summary>
    public readonly int Remaining => _bytes.Length - Position;

    /// <summary>What is being read, for the words of an error; null while the header has not said it.</summary>
    internal ApiKey? Api { get; set; }

    /// <inheritdoc cref="Api"/>
    internal short? Version { get; set; }

    public bool ReadBoolean() => Take(1)[0] != 0;

    public sbyte ReadInt8() => (sbyte)Take(1)[0];

    public short ReadInt16() => BinaryPrimitives.ReadInt16BigEndian(Take(2));

    public ushort ReadUInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

    public int ReadInt32() => BinaryPrimitives.ReadInt32BigEndian(Take(4));

    public uint ReadUInt32() => BinaryPrimitives.ReadUInt32BigEndian(Take(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64BigEndian(Take(8));

    public double ReadFloat64() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public Guid ReadUuid() => new(Take(16), bigEndian: true);

    /// <summary>Reads seven bits a byte, lowest first. At most five bytes and 32 bits: a longer one is refused, not wrapped.</summary>
    public uint ReadUnsignedVarint()
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            uint part = Take(1)[0];
            if (shift == 28 && part > 0x0F) break;
            value |= (part & 0x7F) << shift;
            if (part < 0x80) return value;
        }

        throw Malformed("a variable-length number is longer than 32 bits");
    }

    /// <summary>Reads UTF-8 of at most <see cref="ProtocolLimits.MaxStringBytes"/>. Bytes that are no UTF-8 become U+FFFD, as in Kafka.</summary>
    public string ReadString(bool flexible) => ReadNullableString(flexible) ?? throw Malformed("a string is null where none may be");

    /// <inheritdoc cref="ReadString"/>
    public string? ReadNullableString(bool flexible)
    {
        var length = flexible ? ReadCompactLength() : ReadInt16();
        if (length < 0) return null; // Kafka writes -1 and takes every negative length.
        if (length > ProtocolLimits.MaxStringBytes) throw Malformed($"a string has {length} bytes; {ProtocolLimits.MaxStringBytes} are allowed");
        return Encoding.UTF8.GetString(Take(length));
    }

    /// <summary>Reads a buffer as a slice of the frame.</summary>
    public ReadOnlyMemory<byte> ReadBytes(bool flexible) => ReadNullableBytes(flexible) ?? throw Malformed("a buffer is null where none may be");

    /// <inheritdoc cref="ReadBytes"/>
    public ReadOnlyMemory<byte>? ReadNullableBytes(bool flexible)
    {
        var length = flexible ? ReadCompactLength() : ReadInt32();
        if (length < 0) return null;
        var start = Position;
        Take(length);
        return _frame.Slice(start, length);
    }

    /// <summary>Reads record batches as a slice of the frame; they are not looked into.</summary>
    public RecordsPayload ReadRecords(bool flexible) => new MemoryRecords(ReadBytes(flexible));

    /// <inheritdoc cref="ReadRecords"/>
    public RecordsPayload? ReadNullableRecords(bool flexible) => ReadNullableBytes(flexible) is { } bytes ? new MemoryRecords(bytes) : null;

    /// <summary>Reads how many elements a list has; refuses more than the rest of the frame can hold.</summary>
    /// <param name="flexible">Which of the two encodings.</param>
    /// <param name="minElementBytes">Bytes that each element takes at least; 1 or more.</param>
    /// <param name="elementsAreObjects">Whether each element costs an allocation, and so counts against <see cref="ProtocolLimits.MaxElementsPerFrame"/>.</param>
    public int ReadCount(bool flexible, int minElementBytes, bool elementsAreObjects)
    {
        var count = ReadNullableCount(flexible, minElementBytes, elementsAreObjects);
        return count >= 0 ? count : throw Malformed("a list is null where none may be");
    }

    /// <summary>As <see cref="ReadCount"/>; -1 stands for null.</summary>
    public int ReadNullableCount(bool flexible, int minElementBytes, bool elementsAreObjects)
    {
        var count = flexible ? ReadCompactLength() : ReadInt32();
        if (count < 0) return -1;
        if (count > Remaining / minElementBytes) throw Malformed($"a list claims {count} elements of at least {minElementBytes} bytes, {Remaining} bytes are left");
        if (!elementsAreObjects) return count;
        if (count > _elementsLeft) throw Malformed($"the lists hold more than {ProtocolLimits.MaxElementsPerFrame} elements together");
        _elementsLeft -= count;
        return count;
    }

    /// <summary>Reads the byte in front of a nullable structure: negative for null.</summary>
    public bool ReadIsPresent() => ReadInt8() >= 0;

    /// <summary>Reads how many tagged fields follow.</summary>
    public int ReadTagCount()
    {
        var count = ReadUnsignedVarint();
        // A tagged field takes a byte for its number and one for its size.
        return count <= (uint)Remaining / 2 ? (int)count : throw Malformed($"a tagged section claims {count} fields, {Remaining} bytes are left");
    }

    /// <summary>Reads number and size of a tagged field.</summary>
    /// <param name="end">Where the field ends, for <see cref="SkipTo"/> and <see cref="EndTag"/>.</param>
    public int BeginTag(out int end)
    {
        var tag = ReadUnsignedVarint();
        var size = ReadUnsignedVarint();
        if (tag > int.MaxValue || size > (uint)Remaining) throw Malformed($"tagged field {tag} claims {size} bytes, {Remaining} are left");
        end = Position + (int)size;
        return (int)tag;
    }

    /// <summary>Checks that a tagged field was as long as it said.</summary>
    public readonly void EndTag(int end)
    {
        if (Position != end) throw Malformed($"a tagged field ends at {Position}, its size says {end}");
    }

    /// <summary>Passes over what this broker does not know.</summary>
    public void SkipTo(int end) => Take(end - Position);

    /// <summary>Passes over a tagged section of which no field is known.</summary>
    public void SkipTags()
    {
        for (var tags = ReadTagCount(); tags > 0; tags--)
        {
            BeginTag(out var end);
            SkipTo(end);
        }
    }

    private int ReadCompactLength()
    {
        var value = ReadUnsignedVarint();
        return value <= int.MaxValue ? (int)value - 1 : throw Malformed($"a length of {value} is beyond every limit");
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if ((uint)count > (uint)Remaining) ThrowTooShort(count);
        var taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    [DoesNotReturn]
    private readonly void ThrowTooShort(int count) => throw Malformed($"{count} bytes are needed, {Remaining} are left");

    private readonly MalformedFrameException Malformed(string reason) => new(Api, Version, Position, reason);
}
