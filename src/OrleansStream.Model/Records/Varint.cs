using System.Numerics;
using System.Runtime.CompilerServices;

namespace OrleansStream.Model.Records;

/// <summary>The zigzag integers of variable length inside records. Decoded by hand, because a small record is little else.</summary>
/// <remarks>Reading never fails at once: it leaves the position behind the end, where every later read leaves it too, so that one comparison at the end of a record finds any damage in it.</remarks>
internal static class Varint
{
    public const int MaxBytes32 = 5;
    public const int MaxBytes64 = 10;

    /// <summary>Reads an int at <paramref name="at"/>, which lies in or behind the <paramref name="end"/> bytes from <paramref name="start"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int ReadInt32(ref byte start, ref nint at, nint end)
    {
        if (at < end)
        {
            uint first = Unsafe.Add(ref start, at);
            if (first < 0x80)
            {
                at++;
                return ZigZag(first);
            }

            if (at + 1 < end)
            {
                uint second = Unsafe.Add(ref start, at + 1);
                if (second < 0x80)
                {
                    at += 2;
                    return ZigZag((second << 7) | (first & 0x7F));
                }
            }
        }

        // A copy, since a local whose address is taken lives in memory instead of a register, on the fast path too.
        var copy = at;
        var value = ReadLongInt32(ref start, ref copy, end);
        at = copy;
        return value;
    }

    /// <summary>Reads a long; see <see cref="ReadInt32"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long ReadInt64(ref byte start, ref nint at, nint end)
    {
        if (at < end)
        {
            uint first = Unsafe.Add(ref start, at);
            if (first < 0x80)
            {
                at++;
                return ZigZag(first);
            }
        }

        // A copy, since a local whose address is taken lives in memory instead of a register, on the fast path too.
        var copy = at;
        var value = ReadLongInt64(ref start, ref copy, end);
        at = copy;
        return value;
    }

    /// <summary>Writes an int and says how many bytes it took, at most <see cref="MaxBytes32"/>.</summary>
    public static int Write(Span<byte> target, int value) => WriteUnsigned(target, (uint)((value << 1) ^ (value >> 31)));

    /// <summary>Writes a long and says how many bytes it took, at most <see cref="MaxBytes64"/>.</summary>
    public static int Write(Span<byte> target, long value) => WriteUnsigned(target, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Bytes that a value takes.</summary>
    public static int LengthOf(long value)
    {
        var bits = 64 - BitOperations.LeadingZeroCount((ulong)((value << 1) ^ (value >> 63)) | 1);
        return (bits + 6) / 7;
    }

    private static int WriteUnsigned(Span<byte> target, ulong value)
    {
        var written = 0;
        for (; value >= 0x80; value >>= 7) target[written++] = (byte)(value | 0x80);
        target[written++] = (byte)value;
        return written;
    }

    private static int ZigZag(uint value) => (int)(value >> 1) ^ -(int)(value & 1);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int ReadLongInt32(ref byte start, ref nint at, nint end) => ZigZag((uint)ReadUnsigned(ref start, ref at, end, MaxBytes32));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static long ReadLongInt64(ref byte start, ref nint at, nint end)
    {
        var value = ReadUnsigned(ref start, ref at, end, MaxBytes64);
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private static ulong ReadUnsigned(ref byte start, ref nint at, nint end, int maxBytes)
    {
        var value = 0ul;
        for (var shift = 0; shift < 7 * maxBytes && at < end; shift += 7)
        {
            ulong next = Unsafe.Add(ref start, at++);
            value |= (next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        at = end + 1;
        return 0;
    }
}
