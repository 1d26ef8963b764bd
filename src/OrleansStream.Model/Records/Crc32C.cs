using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace OrleansStream.Model.Records;

/// <summary>CRC-32C (Castagnoli), the checksum of batches and blocks: "123456789" gives e3069283. Reads memory at several times the speed of a disk, so nobody needs to save on it.</summary>
public static class Crc32C
{
    // The instruction takes 3 cycles but starts every cycle, so three streams run side by side. The larger stride is for batches of many
    // kilobytes, the smaller for what remains; joining three streams costs about as much as 200 bytes.
    private const int LargeStride = 2048;
    private const int SmallStride = 256;

    // Bits are reflected: bit 31 stands for x^0. Entry k moves a checksum over 2^k zero bytes: x^(8 * 2^k), and the same divided by x^33,
    // which is what a carry-less multiplication followed by the CRC instruction multiplies in.
    private static readonly uint[] Moves = CreateMoves(0);
    private static readonly uint[] HardwareMoves = CreateMoves(33);
    private static readonly uint MoveLarge = HardwareMoves[BitOperations.Log2(LargeStride)];
    private static readonly uint MoveSmall = HardwareMoves[BitOperations.Log2(SmallStride)];

    private static bool IsInterleaved => Sse42.X64.IsSupported && Pclmulqdq.IsSupported;

    /// <summary>The checksum of <paramref name="data"/>; 0 for no bytes.</summary>
    public static uint Hash(ReadOnlySpan<byte> data) => Append(0, data);

    /// <summary>Goes on from the checksum of what came before.</summary>
    /// <param name="crc">The checksum of the bytes before; 0 if there are none.</param>
    /// <param name="data">The bytes that follow.</param>
    /// <returns>The checksum of both.</returns>
    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        var state = ~crc;
        if (IsInterleaved && data.Length >= 3 * SmallStride) state = AppendInterleaved(state, ref data);
        return ~AppendSerial(state, data);
    }

    /// <summary>The checksum of two runs of bytes, from theirs, without reading them again.</summary>
    /// <param name="first">The checksum of the first run.</param>
    /// <param name="second">The checksum of the second run.</param>
    /// <param name="secondLength">Bytes in the second run, 0 or more. The time grows with its logarithm: tens of nanoseconds.</param>
    /// <returns>The checksum of the first run followed by the second.</returns>
    public static uint Combine(uint first, uint second, long secondLength)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(secondLength);
        return Move(first, secondLength) ^ second;
    }

    /// <summary>What <see cref="Combine"/> makes of <paramref name="crc"/>: linear, so the move of a difference is the difference of the moves.</summary>
    internal static uint Move(uint crc, long bytes) => IsInterleaved ? MoveByHardware(crc, bytes) : MoveByShifts(crc, bytes);

    internal static uint MoveByShifts(uint crc, long bytes)
    {
        for (; bytes != 0; bytes &= bytes - 1) crc = Multiply(crc, Moves[BitOperations.TrailingZeroCount(bytes)]);
        return crc;
    }

    internal static uint AppendSerial(uint state, ReadOnlySpan<byte> data)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(data);
        foreach (var word in words) state = BitOperations.Crc32C(state, BitConverter.IsLittleEndian ? word : BinaryPrimitives.ReverseEndianness(word));
        foreach (var value in data[(words.Length * sizeof(ulong))..]) state = BitOperations.Crc32C(state, value);
        return state;
    }

    private static uint MoveByHardware(uint crc, long bytes)
    {
        for (; bytes != 0; bytes &= bytes - 1) crc = MultiplyByHardware(crc, HardwareMoves[BitOperations.TrailingZeroCount(bytes)]);
        return crc;
    }

    private static uint AppendInterleaved(uint state, ref ReadOnlySpan<byte> data)
    {
        while (data.Length >= 3 * LargeStride)
        {
            state = AppendThree(state, ref MemoryMarshal.GetReference(data), LargeStride, MoveLarge);
            data = data[(3 * LargeStride)..];
        }

        while (data.Length >= 3 * SmallStride)
        {
            state = AppendThree(state, ref MemoryMarshal.GetReference(data), SmallStride, MoveSmall);
            data = data[(3 * SmallStride)..];
        }

        return state;
    }

    private static uint AppendThree(uint state, ref byte data, nint stride, uint move)
    {
        ulong first = state, second = 0, third = 0;
        for (nint at = 0; at < stride; at += sizeof(ulong))
        {
            first = Sse42.X64.Crc32(first, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref data, at)));
            second = Sse42.X64.Crc32(second, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref data, at + stride)));
            third = Sse42.X64.Crc32(third, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref data, at + (2 * stride))));
        }

        var joined = MultiplyByHardware((uint)first, move) ^ (uint)second;
        return MultiplyByHardware(joined, move) ^ (uint)third;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint MultiplyByHardware(uint value, uint move)
    {
        var product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar((ulong)value), Vector128.CreateScalar((ulong)move), 0);
        return (uint)Sse42.X64.Crc32(0, product.ToScalar());
    }

    private static uint Multiply(uint left, uint right)
    {
        var product = 0u;
        for (var bit = 1u << 31; bit != 0; bit >>= 1)
        {
            if ((left & bit) != 0) product ^= right;
            right = TimesX(right);
        }

        return product;
    }

    private static uint TimesX(uint value) => (value >> 1) ^ ((value & 1) == 0 ? 0 : Polynomial);

    // The inverse of TimesX: the polynomial's top bit tells whether it had been added.
    private static uint DividedByX(uint value) => (value & (1u << 31)) == 0 ? value << 1 : ((value ^ Polynomial) << 1) | 1;

    private static uint[] CreateMoves(int dividedByPowersOfX)
    {
        var moves = new uint[63];
        var move = 1u << 31;
        for (var bit = 0; bit < 8; bit++) move = TimesX(move);
        for (var k = 0; k < moves.Length; k++)
        {
            moves[k] = move;
            for (var power = 0; power < dividedByPowersOfX; power++) moves[k] = DividedByX(moves[k]);
            move = Multiply(move, move);
        }

        return moves;
    }

    private const uint Polynomial = 0x82F63B78;
}
