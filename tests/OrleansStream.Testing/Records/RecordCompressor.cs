using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4.Streams;
using OrleansStream.Model.Compression;
using Snappier;
using ZstdSharp;

namespace OrleansStream.Testing.Records;

/// <summary>Compresses records as clients do: snappy in Java's framing unless bare, zstd without the content's size.</summary>
public static class RecordCompressor
{
    private const int SnappyBlockBytes = 32 * 1024;

    public static byte[] Compress(CompressionCodec codec, byte[] records, bool bareSnappy = false) => codec switch
    {
        CompressionCodec.Gzip => Through(records, target => new GZipStream(target, CompressionLevel.Optimal, leaveOpen: true)),
        CompressionCodec.Snappy => bareSnappy ? Snappy.CompressToArray(records) : FrameSnappy(records),
        CompressionCodec.Lz4 => Through(records, target => LZ4Stream.Encode(target, leaveOpen: true)),
        CompressionCodec.Zstd => Through(records, target => new CompressionStream(target)),
        _ => records,
    };

    private static byte[] Through(byte[] records, Func<Stream, Stream> encode)
    {
        using var target = new MemoryStream();
        using (var encoder = encode(target)) encoder.Write(records);
        return target.ToArray();
    }

    private static byte[] FrameSnappy(byte[] records)
    {
        using var target = new MemoryStream();
        target.Write([0x82, (byte)'S', (byte)'N', (byte)'A', (byte)'P', (byte)'P', (byte)'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1]);
        var length = new byte[sizeof(int)];
        foreach (var block in records.Chunk(SnappyBlockBytes))
        {
            var compressed = Snappy.CompressToArray(block);
            BinaryPrimitives.WriteInt32BigEndian(length, compressed.Length);
            target.Write(length);
            target.Write(compressed);
        }

        return target.ToArray();
    }
}
