using System.Buffers;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>The record of the cluster as bytes; docs/formats/blob-container.md has the table.</summary>
internal static class ClusterRecordCodec
{
    private const byte FormatVersion = 1;

    public static void Write(ClusterRecord record, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Text(record.ClusterId);
        writer.Int32(record.Generation);
        writer.Int64(record.HashSeed);
        writer.Int32(record.HashVersion);
        writer.Int32(record.GroupPartitions);
    }

    /// <exception cref="FormatException">The bytes are no such record, or one of a newer format.</exception>
    public static ClusterRecord Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Cluster record format {version}; this version reads {FormatVersion}.");
        var clusterId = reader.Text();
        var generation = reader.Int32();
        var seed = reader.Int64();
        var hash = reader.Int32();
        var record = new ClusterRecord(clusterId, generation, seed, hash, reader.Int32());
        return reader.Remaining == 0 ? record : throw new FormatException($"{reader.Remaining} bytes follow the record of the cluster.");
    }
}
