using System.Buffers.Binary;
using System.IO.Compression;
using CsCheck;
using OrleansStream.Model.Compression;
using OrleansStream.Testing.Records;

namespace OrleansStream.Model.Tests.Compression;

public sealed class RecordDecompressorTests
{
    public static TheoryData<CompressionCodec, bool> Codecs => new()
    {
        { CompressionCodec.Gzip, false },
        { CompressionCodec.Snappy, false },
        { CompressionCodec.Snappy, true },
        { CompressionCodec.Lz4, false },
        { CompressionCodec.Zstd, false },
    };

    [Theory, MemberData(nameof(Codecs))]
    public void What_was_compressed_comes_out(CompressionCodec codec, bool bare)
    {
        foreach (var length in new[] { 1, 100, 65_535, 65_536, 65_537, 3_000_000 })
        {
            var records = Text(length);
            using var plain = RecordDecompressor.Decompress(codec, RecordCompressor.Compress(codec, records, bare), RecordDecompressor.DefaultMaxBytes);
            Assert.Equal(DecompressionOutcome.Done, plain.Outcome);
            Assert.True(plain.Bytes.SequenceEqual(records));
        }
    }

    [Theory, MemberData(nameof(Codecs))]
    public void The_limit_itself_passes_and_one_byte_more_does_not(CompressionCodec codec, bool bare)
    {
        var records = Text(200_000);
        var compressed = RecordCompressor.Compress(codec, records, bare);
        using var fits = RecordDecompressor.Decompress(codec, compressed, records.Length);
        Assert.Equal(DecompressionOutcome.Done, fits.Outcome);
        using var tooLarge = RecordDecompressor.Decompress(codec, compressed, records.Length - 1);
        Assert.Equal((DecompressionOutcome.TooLarge, 0), (tooLarge.Outcome, tooLarge.Bytes.Length));
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Compressed_bytes_that_are_cut_short_are_never_taken_for_whole(CompressionCodec codec, bool bare)
    {
        var records = Text(5000);
        var compressed = RecordCompressor.Compress(codec, records, bare);
        for (var length = 0; length < compressed.Length; length++)
        {
            using var plain = RecordDecompressor.Decompress(codec, compressed.AsSpan(0, length), 100_000);
            Assert.False(plain.Outcome == DecompressionOutcome.Done && !plain.Bytes.IsEmpty, $"{length} of {compressed.Length}");
        }
    }

    [Theory, MemberData(nameof(Codecs))]
    public void Damaged_bytes_give_an_outcome_and_never_an_exception(CompressionCodec codec, bool bare)
    {
        var compressed = RecordCompressor.Compress(codec, Text(5000), bare);
        Gen.Select(Gen.Int[0, compressed.Length - 1], Gen.Byte, Gen.Int[0, compressed.Length - 1], Gen.Byte).Sample(
            (firstAt, first, secondAt, second) =>
            {
                var damaged = (byte[])compressed.Clone();
                damaged[firstAt] = first;
                damaged[secondAt] = second;
                using var plain = RecordDecompressor.Decompress(codec, damaged, 50_000);
                return plain.Bytes.Length <= 50_000;
            },
            seed: "0000KVVcEEcx",
            iter: 2000);
    }

    // 100 MB of zeros in 100 KB of gzip.
    [Fact]
    public void A_bomb_is_stopped_at_the_limit()
    {
        using var target = new MemoryStream();
        using (var gzip = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true))
        {
            var zeros = new byte[1_000_000];
            for (var i = 0; i < 100; i++) gzip.Write(zeros);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var plain = RecordDecompressor.Decompress(CompressionCodec.Gzip, target.ToArray(), 1_000_000);
        Assert.Equal(DecompressionOutcome.TooLarge, plain.Outcome);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    // A block of a few bytes that promises 4 GiB must not make anybody reserve them.
    [Fact]
    public void A_promised_length_reserves_nothing()
    {
        byte[] block = [0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0x00];
        using var bare = RecordDecompressor.Decompress(CompressionCodec.Snappy, block, 1_000_000);
        Assert.Equal(DecompressionOutcome.TooLarge, bare.Outcome);

        var framed = RecordCompressor.Compress(CompressionCodec.Snappy, Text(100));
        BinaryPrimitives.WriteInt32BigEndian(framed.AsSpan(16), int.MaxValue);
        using var plain = RecordDecompressor.Decompress(CompressionCodec.Snappy, framed, 1_000_000);
        Assert.Equal(DecompressionOutcome.Corrupt, plain.Outcome);
    }

    [Theory]
    [InlineData(CompressionCodec.None)]
    [InlineData((CompressionCodec)5)]
    public void What_is_no_codec_is_corrupt(CompressionCodec codec)
    {
        using var plain = RecordDecompressor.Decompress(codec, [1, 2, 3], 100);
        Assert.Equal(DecompressionOutcome.Corrupt, plain.Outcome);
    }

    private static byte[] Text(int length)
    {
        var random = new Random(length);
        var text = new byte[length];
        for (var i = 0; i < length; i++) text[i] = (byte)('a' + random.Next(i % 7 == 0 ? 20 : 3));
        return text;
    }
}
