using System.Runtime.InteropServices;

namespace OrleansStream.Model.Records;

/// <summary>Walks the headers of one record. Whoever has it from a <see cref="RecordView"/> walks headers that are sound.</summary>
public ref struct RecordHeaderReader(ReadOnlySpan<byte> headers)
{
    private readonly ReadOnlySpan<byte> _headers = headers;
    private int _position;

    /// <summary>Reads the next header.</summary>
    /// <param name="key">UTF-8, never null.</param>
    /// <param name="value">Empty if the value is empty or null.</param>
    /// <param name="hasValue">False for a null value.</param>
    /// <returns>False at the end, and before damage.</returns>
    public bool TryRead(out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value, out bool hasValue)
    {
        key = value = default;
        hasValue = false;
        ref var start = ref MemoryMarshal.GetReference(_headers);
        nint at = _position;
        var keyLength = Varint.ReadInt32(ref start, ref at, _headers.Length);
        if (keyLength < 0 || at + keyLength > _headers.Length) return false;

        var keyStart = (int)at;
        at += keyLength;
        var valueLength = Varint.ReadInt32(ref start, ref at, _headers.Length);
        if (at + Math.Max(valueLength, 0) > _headers.Length) return false;

        key = _headers.Slice(keyStart, keyLength);
        hasValue = valueLength >= 0;
        if (valueLength > 0) value = _headers.Slice((int)at, valueLength);
        _position = (int)at + value.Length;
        return true;
    }
}
