using System.Buffers.Binary;
using System.IO.Compression;
using K4os.Compression.LZ4.Streams;
using ZstdSharp;

namespace OrleansStream.Model.Compression;

/// <summary>Decompresses the records of a batch where the broker itself must read them. Safe to call from many threads.</summary>
public static class RecordDecompressor
{
    /// <summary>64 MiB: a default batch of 1 MiB that shrank by a factor of 60, more than logs and JSON do. A bomb costs at most this much memory, and only while it is walked.</summary>
    public const int DefaultMaxBytes = 64 * Limits.MiB;

    /// <summary>The largest block that a codec may want room for at once: that of an lz4 frame.</summary>
    internal const int MaxCodecBlockBytes = 4 * Limits.MiB;

    private const int GzipHeaderBytes = 10;
    private const int GzipTrailerBytes = 8;

    /// <summary>Decompresses, whatever the bytes are.</summary>
    /// <param name="codec">Which; <see cref="CompressionCodec.None"/> and unknown ones are corrupt.</param>
    /// <param name="compressed">The bytes behind the batch's header. Only read.</param>
    /// <param name="maxBytes">How much may come out. 0 or more.</param>
    /// <returns>The bytes or why there are none; to be disposed in both cases.</returns>
    public static DecompressedRecords Decompress(CompressionCodec codec, ReadOnlySpan<byte> compressed, int maxBytes)
    {
        using var output = new PooledOutput(maxBytes);
        try
        {
            return !compressed.IsEmpty && TryDecompress(codec, compressed, output) ? output.Take() : new DecompressedRecords(DecompressionOutcome.Corrupt, null, 0);
        }
        catch (OutputLimitException)
        {
            return new DecompressedRecords(DecompressionOutcome.TooLarge, null, 0);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Four codecs by three authors, each with exceptions of its own for bytes that it does not like. To a caller they are one thing.
            return new DecompressedRecords(DecompressionOutcome.Corrupt, null, 0);
        }
    }

    private static bool TryDecompress(CompressionCodec codec, ReadOnlySpan<byte> compressed, PooledOutput output) => codec switch
    {
        CompressionCodec.Gzip => TryReadGzip(compressed, output),
        CompressionCodec.Snappy => SnappyDecoder.TryRead(compressed, output),
        CompressionCodec.Lz4 => TryReadLz4(compressed, output),
        CompressionCodec.Zstd => TryReadZstd(compressed, output),
        _ => false,
    };

    // The stream takes input that ends too soon for the end, so the size in the trailer is compared. Several members in one batch would not
    // pass; no client writes them.
    private static unsafe bool TryReadGzip(ReadOnlySpan<byte> compressed, PooledOutput output)
    {
        if (compressed.Length < GzipHeaderBytes + GzipTrailerBytes) return false;
        fixed (byte* bytes = compressed)
        {
            using var source = new UnmanagedMemoryStream(bytes, compressed.Length);
            using var gzip = new GZipStream(source, CompressionMode.Decompress);
            return TryReadAll(gzip, output) && BinaryPrimitives.ReadUInt32LittleEndian(compressed[^sizeof(uint)..]) == (uint)output.Length;
        }
    }

    private static bool TryReadLz4(ReadOnlySpan<byte> compressed, PooledOutput output)
    {
        LZ4Frame.Decode(compressed, output);
        return true;
    }

    // Java and Go write frames without their size, so the bytes are streamed. The check makes a frame that is not finished an exception.
    private static unsafe bool TryReadZstd(ReadOnlySpan<byte> compressed, PooledOutput output)
    {
        fixed (byte* bytes = compressed)
        {
            using var source = new UnmanagedMemoryStream(bytes, compressed.Length);
            using var zstd = new DecompressionStream(source, bufferSize: 0, checkEndOfStream: true);
            return TryReadAll(zstd, output);
        }
    }

    private static bool TryReadAll(Stream plain, PooledOutput output)
    {
        int read;
        while ((read = plain.Read(output.GetSpan())) > 0) output.Advance(read);
        return true;
    }
}
