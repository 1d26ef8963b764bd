using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace OrleansStream.Kafka.Protocol.Primitives;

/// <summary>
/// Writes frames into one pooled buffer that grows. Record payloads are not copied: the writer remembers where they belong, and
/// <see cref="Pieces"/> gives buffer parts and payloads in the order in which they are to be sent. Made to be kept by a connection
/// and reset for each answer. Not safe for concurrent use.
/// </summary>
public sealed class ProtocolWriter : IDisposable
{
    // Enough for almost every answer but Metadata and large fetches; a buffer of that size is cheap to keep for each busy connection.
    private const int InitialBytes = 1024;

    private readonly List<(int Position, RecordsPayload Records)> _external = [];
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _position;
    private long _externalBytes;

    /// <summary>Bytes of everything written, payloads included.</summary>
    public long Length => _position + _externalBytes;

    /// <summary>What is to be sent, in order. Valid until the writer is reset or disposed.</summary>
    public FramePieces Pieces => new(_buffer.AsMemory(0, _position), _external);

    /// <summary>Forgets what was written and gives its memory back. Payloads are dropped, not freed: their owner does that.</summary>
    public void Reset()
    {
        _position = 0;
        _externalBytes = 0;
        _external.Clear();
        if (_buffer.Length <= InitialBytes) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    }

    public void Dispose()
    {
        if (_buffer.Length > 0) ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _position = 0;
        _external.Clear();
    }

    /// <summary>Everything in one new array, payloads copied in. For tests and small clients; a connection sends the <see cref="Pieces"/>.</summary>
    public byte[] ToArray()
    {
        var result = new byte[Length];
        var position = 0;
        foreach (var piece in Pieces)
        {
            if (piece.Records is { } records) records.CopyTo(result.AsSpan(position, records.Length));
            else piece.Bytes.Span.CopyTo(result.AsSpan(position));
            position += piece.Length;
        }

        return result;
    }

    public void WriteBoolean(bool value) => Take(1)[0] = value ? (byte)1 : (byte)0;

    public void WriteInt8(sbyte value) => Take(1)[0] = (byte)value;

    public void WriteInt16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

    public void WriteUInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

    public void WriteUInt32(uint value) => BinaryPrimitives.WriteUInt32BigEndian(Take(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

    public void WriteFloat64(double value) => BinaryPrimitives.WriteDoubleBigEndian(Take(8), value);

    public void WriteUuid(Guid value) => value.TryWriteBytes(Take(16), bigEndian: true, out _);

    /// <summary>Writes seven bits a byte, lowest first, in as few bytes as possible.</summary>
    public void WriteUnsignedVarint(uint value)
    {
        for (; value >= 0x80; value >>= 7) Take(1)[0] = (byte)(value | 0x80);
        Take(1)[0] = (byte)value;
    }

    /// <summary>Writes UTF-8 of at most <see cref="ProtocolLimits.MaxStringBytes"/>.</summary>
    /// <exception cref="ArgumentException">The string is longer.</exception>
    public void WriteString(string value, bool flexible)
    {
        ArgumentNullException.ThrowIfNull(value);
        var length = Encoding.UTF8.GetByteCount(value);
        if (length > ProtocolLimits.MaxStringBytes) throw new ArgumentException($"The string has {length} bytes; {ProtocolLimits.MaxStringBytes} are allowed.", nameof(value));
        if (flexible) WriteUnsignedVarint((uint)length + 1);
        else WriteInt16((short)length);
        Encoding.UTF8.GetBytes(value, Take(length));
    }

    /// <inheritdoc cref="WriteString"/>
    public void WriteNullableString(string? value, bool flexible)
    {
        if (value is not null) WriteString(value, flexible);
        else if (flexible) WriteUnsignedVarint(0);
        else WriteInt16(-1);
    }

    /// <summary>Copies a buffer into the frame.</summary>
    public void WriteBytes(ReadOnlyMemory<byte> value, bool flexible)
    {
        WriteCount(value.Length, flexible);
        value.Span.CopyTo(Take(value.Length));
    }

    /// <inheritdoc cref="WriteBytes"/>
    public void WriteNullableBytes(ReadOnlyMemory<byte>? value, bool flexible)
    {
        if (value is { } bytes) WriteBytes(bytes, flexible);
        else WriteCount(-1, flexible);
    }

    /// <summary>Writes the payload's length and notes its place; its bytes stay where they are.</summary>
    public void WriteRecords(RecordsPayload value, bool flexible)
    {
        var length = value.Length;
        WriteCount(length, flexible);
        if (length == 0) return;
        _external.Add((_position, value));
        _externalBytes += length;
    }

    /// <inheritdoc cref="WriteRecords"/>
    public void WriteNullableRecords(RecordsPayload? value, bool flexible)
    {
        if (value is not null) WriteRecords(value, flexible);
        else WriteCount(-1, flexible);
    }

    /// <summary>Writes the count of a list or the length of a buffer; -1 stands for null.</summary>
    public void WriteCount(int count, bool flexible)
    {
        if (flexible) WriteUnsignedVarint((uint)(count + 1));
        else WriteInt32(count);
    }

    /// <summary>Writes the byte in front of a nullable structure.</summary>
    public void WriteIsPresent(bool isPresent) => WriteInt8(isPresent ? (sbyte)1 : (sbyte)-1);

    /// <summary>Opens a tagged section of so many fields, which follow by ascending tag.</summary>
    public void WriteTagCount(int count) => WriteUnsignedVarint((uint)count);

    /// <summary>Begins a tagged field. Returns what <see cref="EndTag"/> needs.</summary>
    public int BeginTag(int tag)
    {
        WriteUnsignedVarint((uint)tag);
        return _position;
    }

    /// <summary>Ends a tagged field: puts its size in front of what was written since.</summary>
    public void EndTag(int start)
    {
        // Sizes are known only now and their own size varies, so the content moves up; tagged fields are small and rare.
        var size = _position - start;
        WriteUnsignedVarint((uint)size);
        var prefix = _position - start - size;
        Span<byte> sizeField = stackalloc byte[5];
        _buffer.AsSpan(start + size, prefix).CopyTo(sizeField);
        _buffer.AsSpan(start, size).CopyTo(_buffer.AsSpan(start + prefix));
        sizeField[..prefix].CopyTo(_buffer.AsSpan(start));
    }

    /// <summary>Begins a frame: leaves room for its size. Returns what <see cref="EndFrame"/> needs.</summary>
    internal int BeginFrame()
    {
        if (Length != 0) throw new InvalidOperationException("The writer still holds a frame; reset it first.");
        WriteInt32(0);
        return _position;
    }

    /// <summary>Ends a frame: fills in its size.</summary>
    /// <exception cref="InvalidOperationException">The frame is larger than the 2 GiB that its size field can say.</exception>
    internal void EndFrame(int start)
    {
        var size = Length - start;
        if (size > int.MaxValue) throw new InvalidOperationException($"The frame has {size} bytes; its size field ends at {int.MaxValue}.");
        BinaryPrimitives.WriteInt32BigEndian(_buffer.AsSpan(start - sizeof(int)), (int)size);
    }

    private Span<byte> Take(int count)
    {
        if (count > _buffer.Length - _position) Grow(count);
        var taken = _buffer.AsSpan(_position, count);
        _position += count;
        return taken;
    }

    private void Grow(int count)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(checked(_position + count), (int)Math.Min(_buffer.Length * 2L, Array.MaxLength)));
        _buffer.AsSpan(0, _position).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }
}
