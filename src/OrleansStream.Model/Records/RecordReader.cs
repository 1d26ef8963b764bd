using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OrleansStream.Model.Records;

/// <summary>Walks the records of a batch that is not compressed, or no longer. Bounded by its span, allocates nothing, and answers garbage with false, never with an exception.</summary>
/// <remarks>Create it over the bytes behind the header. After a false, <see cref="IsAtEnd"/> tells the end from damage, and <see cref="Position"/> is where the damaged record begins.</remarks>
public ref struct RecordReader(ReadOnlySpan<byte> records)
{
    private readonly ReadOnlySpan<byte> _records = records;

    /// <summary>Where the next record begins, in bytes from the start of the records.</summary>
    public int Position { get; private set; }

    public readonly bool IsAtEnd => Position == _records.Length;

    /// <summary>Reads the next record.</summary>
    /// <param name="record">Its fields; the spans point into the records and are good as long as those are.</param>
    /// <returns>False at the end, and before a record that is damaged.</returns>
    public bool TryRead(out RecordView record)
    {
        record = default;
        ref var start = ref MemoryMarshal.GetReference(_records);
        nint at = Position;
        var length = Varint.ReadInt32(ref start, ref at, _records.Length);
        var end = at + length;
        if (length < 0 || end > _records.Length) return false;

        var bodyStart = at++; // The record's own attributes mean nothing.
        record.TimestampDelta = Varint.ReadInt64(ref start, ref at, end);
        record.OffsetDelta = Varint.ReadInt32(ref start, ref at, end);
        if (!TryReadBytes(ref at, end, out var key, out var hasKey) || !TryReadBytes(ref at, end, out var value, out var hasValue)) return false;
        record.HeaderCount = Varint.ReadInt32(ref start, ref at, end);
        var headersStart = at;
        if (record.HeaderCount != 0) at = SkipHeaders(ref start, at, end, record.HeaderCount);
        if (at != end || bodyStart == end) return false;

        record.Key = key;
        record.HasKey = hasKey;
        record.Value = value;
        record.HasValue = hasValue;
        record.HeaderBytes = _records[(int)headersStart..(int)end];
        Position = (int)end;
        return true;
    }

    /// <summary>Goes over headers; a position behind <paramref name="end"/> if they are damaged.</summary>
    internal static nint SkipHeaders(ref byte start, nint at, nint end, int count)
    {
        if (count < 0) return end + 1;
        for (var header = 0; header < count && at <= end; header++)
        {
            var keyLength = Varint.ReadInt32(ref start, ref at, end);
            if (keyLength < 0) return end + 1;
            at += keyLength;
            var valueLength = Varint.ReadInt32(ref start, ref at, end);
            if (valueLength > 0) at += valueLength;
        }

        return at;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly bool TryReadBytes(scoped ref nint at, nint end, out ReadOnlySpan<byte> bytes, out bool isPresent)
    {
        var length = Varint.ReadInt32(ref MemoryMarshal.GetReference(_records), ref at, end);
        isPresent = length >= 0;
        bytes = default;
        if (at > end || length > end - at) return false;
        if (length <= 0) return true;
        bytes = _records.Slice((int)at, length);
        at += length;
        return true;
    }
}
