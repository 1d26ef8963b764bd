using System.Buffers;
using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Ownership;

/// <summary>What a broker lets go of, as bytes between brokers: docs/formats/released-log.md has the table.</summary>
public static class ReleasedLogCodec
{
    private const byte FormatVersion = 1;

    public static byte[] Write(ReleasedLog log)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Text(log.Stored.ETag.Value);
        WritePart(log.Stored.Manifest, output);

        // Nearly always the manifest's extents with a few behind them: those are not said twice.
        var shared = SharedExtents(log);
        writer.Int32(shared);
        WritePart(log.Stored.Manifest with { Extents = log.Extents[shared..], Epochs = [], PendingDelete = [], Snapshot = null }, output);
        return output.WrittenSpan.ToArray();
    }

    /// <exception cref="FormatException">The bytes are no such log, or one of a newer format.</exception>
    public static ReleasedLog Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Released log of format {version}; this version reads {FormatVersion}.");
        var etag = new ETag(reader.Text());
        var manifest = ReadPart(bytes, ref reader);
        var shared = reader.Int32();
        if (shared < 0 || shared > manifest.Extents.Length) throw new FormatException($"{shared} extents are to be shared with a manifest that has {manifest.Extents.Length}.");
        var rest = ReadPart(bytes, ref reader).Extents;
        if (reader.Remaining > 0) throw new FormatException($"{reader.Remaining} bytes follow the released log of {manifest.Partition}.");
        return new ReleasedLog(new StoredManifest(manifest, etag), [.. manifest.Extents.AsSpan(0, shared), .. rest]);
    }

    private static int SharedExtents(ReleasedLog log)
    {
        var shared = 0;
        while (shared < log.Extents.Length && shared < log.Stored.Manifest.Extents.Length && log.Extents[shared] == log.Stored.Manifest.Extents[shared]) shared++;
        return shared;
    }

    private static void WritePart(Manifest manifest, ArrayBufferWriter<byte> output)
    {
        var part = new ArrayBufferWriter<byte>();
        ManifestCodec.Write(manifest, part);
        new RecordWriter(output).Int32(part.WrittenCount);
        output.Write(part.WrittenSpan);
    }

    private static Manifest ReadPart(ReadOnlySpan<byte> bytes, ref RecordReader reader)
    {
        var length = reader.Count(minItemBytes: 1);
        var manifest = ManifestCodec.Read(bytes.Slice(bytes.Length - reader.Remaining, length));
        reader.Skip(length);
        return manifest;
    }
}
