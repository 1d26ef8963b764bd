using System.Text;
using CsCheck;
using OrleansStream.Model.Records;

namespace OrleansStream.Model.Tests.Records;

public sealed class Crc32CTests
{
    // RFC 3720, appendix B.4, and the check value of every catalogue of checksums.
    [Fact]
    public void Known_inputs_give_the_published_checksums()
    {
        Assert.Equal(0u, Crc32C.Hash([]));
        Assert.Equal(0xE3069283u, Crc32C.Hash(Encoding.ASCII.GetBytes("123456789")));
        Assert.Equal(0x8A9136AAu, Crc32C.Hash(new byte[32]));
        Assert.Equal(0x62A8AB43u, Crc32C.Hash(Enumerable.Repeat((byte)0xFF, 32).ToArray()));
        Assert.Equal(0x46DD794Eu, Crc32C.Hash(Enumerable.Range(0, 32).Select(i => (byte)i).ToArray()));
    }

    // Every length around the borders of the strides, at an odd address, against a loop over bits.
    [Fact]
    public void The_fast_path_agrees_with_a_loop_over_bits_at_every_length()
    {
        var data = new byte[16_000];
        new Random(1).NextBytes(data);
        var expected = 0u;
        for (var length = 0; length < data.Length - 1; length++)
        {
            if (length is < 1600 or > 6100 and < 6200 or > 12200 and < 13100) Assert.Equal(expected, Crc32C.Hash(data.AsSpan(1, length)));
            expected = AppendBits(expected, data[length + 1]);
        }
    }

    [Fact]
    public void Any_split_appended_or_combined_gives_the_checksum_of_the_whole() =>
        Gen.Select(Gen.Byte.Array[0, 20_000], Gen.Double[0, 1]).Sample(
            (data, at) =>
            {
                var split = (int)(data.Length * at);
                var whole = Crc32C.Hash(data);
                var first = Crc32C.Hash(data.AsSpan(0, split));
                var second = Crc32C.Hash(data.AsSpan(split));
                return Crc32C.Append(first, data.AsSpan(split)) == whole && Crc32C.Combine(first, second, data.Length - split) == whole;
            },
            seed: "0000KVVcEEcx",
            iter: 500);

    [Fact]
    public void Moving_by_shifts_and_by_carry_less_multiplication_agree()
    {
        foreach (var bytes in new[] { 0L, 1, 2, 3, 7, 8, 40, 4096, 1_000_003, int.MaxValue, 1L << 40, long.MaxValue })
            Assert.Equal(Crc32C.MoveByShifts(0xDEADBEEF, bytes), Crc32C.Move(0xDEADBEEF, bytes));
    }

    [Fact]
    public void Combining_with_a_negative_length_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => Crc32C.Combine(1, 2, -1));

    private static uint AppendBits(uint crc, byte value)
    {
        var state = ~crc ^ value;
        for (var bit = 0; bit < 8; bit++) state = (state >> 1) ^ ((state & 1) * 0x82F63B78);
        return ~state;
    }
}
