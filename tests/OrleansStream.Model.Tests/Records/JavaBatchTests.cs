using System.Text;
using OrleansStream.Model.Compression;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Records;

namespace OrleansStream.Model.Tests.Records;

/// <summary>The same five records as the Java client 4.3.1 writes them with each codec: its framing, its compressors, its checksum.</summary>
public sealed class JavaBatchTests
{
    public static TheoryData<CompressionCodec, string> Batches => new()
    {
        {
            CompressionCodec.None,
            "0000000000000000000000bcffffffff0215a157850000000000040000018bcfe568000000018bcfe5681c000000000000126700030000000c000000053c0000000a6b65792d"
            + "302676616c75652076616c75652076616c756520300032000e02012676616c75652076616c75652076616c756520310016001c040a6b65792d3201003e009d01060a6b65792d"
            + "332676616c75652076616c75652076616c75652033004a0038080a6b65792d342676616c75652076616c75652076616c756520340402680278026e01"
        },
        {
            CompressionCodec.Gzip,
            "00000000000000000000008affffffff02cfb6ce700001000000040000018bcfe568000000018bcfe5681c000000000000126700030000000c000000051f8b08000000000000"
            + "ffb3616060e0ca4eadd435502b4bcc294d5540260d188c18f89818b1c818328831c8b080351a3132d831cc656403738cb1a83566f062b0e0004b9b6091366161ca60aa60ca63"
            + "04002cd559c38b000000"
        },
        {
            CompressionCodec.Snappy,
            "000000000000000000000098ffffffff020b6bd0580002000000040000018bcfe568000000018bcfe5681c000000000000126700030000000c0000000582534e415050590000"
            + "00000100000001000000538b01403c0000000a6b65792d302676616c7565202e060018300032000e02014a1a0014310016001c0405391c3201003e009d0106050d00334a2c00"
            + "1433004a003808051f00344a1f0020340402680278026e01"
        },
        {
            CompressionCodec.Lz4,
            "000000000000000000000091ffffffff02be55b5540003000000040000018bcfe568000000018bcfe5681c000000000000126700030000000c0000000504224d186040825100"
            + "0000f8023c0000000a6b65792d302676616c75652006007f300032000e02011a000061310016001c043900813201003e009d01060d001f332c00006133004a0038081f001f34"
            + "1f000090340402680278026e0100000000"
        },
        {
            CompressionCodec.Zstd,
            "000000000000000000000089ffffffff021a70dc220004000000040000018bcfe568000000018bcfe5681c000000000000126700030000000c0000000528b52ffd0058640200"
            + "74033c0000000a6b65792d302676616c756520300032000e0201310016001c043201003e009d01063333004a00380834340402680278026e01070042a500573d9517e671aeda"
            + "d23331c39525010000"
        },
    };

    [Theory, MemberData(nameof(Batches))]
    public void A_batch_of_the_java_client_is_accepted_unchanged_and_read_in_full(CompressionCodec codec, string hex)
    {
        var batch = Convert.FromHexString(hex);
        var verdict = BatchValidator.Validate(batch, new BatchRules { NowMs = 1_700_000_000_000, Records = RecordValidation.Full });

        Assert.Equal((ErrorCode.None, HeaderChange.None), (verdict.Error, verdict.Change));
        Assert.Equal((1_700_000_000_028, 4), (verdict.MaxTimestamp, verdict.MaxTimestampDelta));
        Assert.Equal((codec, 4711L, (short)3, 12, 16), (verdict.Header.Codec, verdict.Header.ProducerId, verdict.Header.ProducerEpoch, verdict.Header.BaseSequence, verdict.Header.LastSequence));
        Assert.Equal(
            ["0 key-0=value value value 0", "7 null=value value value 1", "14 key-2=null", "-79 key-3=value value value 3", "28 key-4=value value value 4 h=x n=null"],
            Read(codec, batch.AsSpan(RecordBatchLayout.Records)));
    }

    private static List<string> Read(CompressionCodec codec, ReadOnlySpan<byte> records)
    {
        using var plain = codec == CompressionCodec.None ? default : RecordDecompressor.Decompress(codec, records, 10_000);
        var reader = new RecordReader(codec == CompressionCodec.None ? records : plain.Bytes);
        var read = new List<string>();
        while (reader.TryRead(out var record))
        {
            var text = $"{record.TimestampDelta} {Text(record.Key, record.HasKey)}={Text(record.Value, record.HasValue)}";
            for (var headers = record.Headers; headers.TryRead(out var key, out var value, out var hasValue);) text += $" {Text(key, true)}={Text(value, hasValue)}";
            read.Add(text);
        }

        Assert.True(reader.IsAtEnd);
        return read;
    }

    private static string Text(ReadOnlySpan<byte> bytes, bool isPresent) => isPresent ? Encoding.UTF8.GetString(bytes) : "null";
}
