using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Fuzzing;
using OrleansStream.Testing.Records;

namespace OrleansStream.Model.Tests.Fuzzing;

/// <summary>What clients send: batches, with the record walk and every codec behind the checksum.</summary>
public sealed class RecordFuzzTests
{
    private const int TriesInTheTestRun = 200_000;

    // One block of LZ4, whose frame says up to 4 MiB, and what is decompressed, in buffers that double up to the rules' bound.
    private const int Buffers = (4 * Limits.MiB) + (2 * 256 * Limits.KiB);

    private static readonly BatchRules Rules = new() { Records = RecordValidation.Full, IsCompacted = true, MaxDecompressedBytes = 256 * Limits.KiB, AcceptsZstd = true, NowMs = BatchBuilder.DefaultTimestamp };

    private static readonly CompressionCodec[] Codecs = [CompressionCodec.None, CompressionCodec.Gzip, CompressionCodec.Snappy, CompressionCodec.Lz4, CompressionCodec.Zstd];

    [Fact]
    public void Damaged_batches_are_judged_and_never_throw_or_cost_more_than_their_bound()
    {
        var batches = Codecs.SelectMany(codec => (byte[][])[new BatchBuilder().Record("key", "value", ("header", "h")).Record("k", null).Codec(codec).Build(), new BatchBuilder().Records(20, valueBytes: 300).Codec(codec).Build()]).ToList();
        batches.Add(new BatchBuilder().Record("a", "b").Codec(CompressionCodec.Snappy).BareSnappy().Build());

        // A validator refuses by its verdict: it has no exceptions at all.
        var judge = new FuzzTarget("batch", batches, static bytes => Judge(bytes)) { Seal = SealBatch, FixedAllocation = (64 * Limits.KiB) + Buffers };

        Assert.Null(FuzzRun.Run([judge], TriesInTheTestRun).Finding);
    }

    private static void Judge(byte[] bytes)
    {
        var verdict = BatchValidator.Validate(bytes, Rules);
        Assert.True(verdict.IsAccepted || verdict.Error != ErrorCode.None);
    }

    private static byte[] SealBatch(byte[] bytes)
    {
        if (bytes.Length <= RecordBatchLayout.CrcStart) return bytes;

        // The length in front says where the batch ends; a wrong one would end the try there.
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(RecordBatchLayout.BatchLength), bytes.Length - RecordBatchLayout.LengthOverhead);
        return BatchBuilder.Seal(bytes);
    }
}
