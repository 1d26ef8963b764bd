using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>Summaries as bytes; docs/formats/blob-container.md has the table. Partitions stand in order, so that all who scan one session write the same.</summary>
internal static class SummaryCodec
{
    private const byte FormatVersion = 1;
    private const int MinPartitionBytes = 16 + 4 + 4;
    private const int ExtentBytes = 6 * 8;

    public static void Write(SessionSummary summary, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Int32(summary.Fenced.Session.Broker.Value);
        writer.Guid(summary.Fenced.Session.Unique);
        writer.Int64(summary.Fenced.TrimPoint.Value);
        writer.Int64(summary.Fenced.End.Value);
        writer.Int32(summary.Partitions.Count);
        foreach (var (partition, extents) in summary.Partitions.OrderBy(entry => entry.Key))
        {
            writer.Guid(partition.Topic.Value);
            writer.Int32(partition.Index);
            writer.Int32(extents.Count);
            foreach (var extent in extents) Write(writer, extent);
        }
    }

    /// <exception cref="FormatException">The bytes are no summary, or one of a newer format.</exception>
    public static SessionSummary Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Summary format {version}; this version reads {FormatVersion}.");
        var broker = new BrokerId(reader.Int32());
        var session = new SessionId(broker, reader.Guid());
        var trimPoint = new Slot(reader.Int64());
        var fenced = new FencedSession(session, trimPoint, new Slot(reader.Int64()));
        var partitions = new Dictionary<PartitionId, IReadOnlyList<WalExtent>>();
        for (var left = reader.Count(MinPartitionBytes); left > 0; left--)
        {
            var topic = new TopicId(reader.Guid());
            var partition = new PartitionId(topic, reader.Int32());
            var extents = new WalExtent[reader.Count(ExtentBytes)];
            for (var i = 0; i < extents.Length; i++) extents[i] = Read(ref reader, session);
            if (!partitions.TryAdd(partition, extents)) throw new FormatException($"Partition {partition} stands in it twice.");
        }

        return reader.Remaining == 0 ? new SessionSummary(fenced, partitions) : throw new FormatException($"{reader.Remaining} bytes follow the summary of session {session}.");
    }

    private static void Write(RecordWriter writer, WalExtent extent)
    {
        writer.Int64(extent.BaseOffset.Value);
        writer.Int64(extent.LastOffset.Value);
        writer.Int64(extent.Bytes);
        writer.Int64(extent.MaxTimestampMs);
        writer.Int64(extent.FirstSlot.Value);
        writer.Int64(extent.LastSlot.Value);
    }

    private static WalExtent Read(ref RecordReader reader, SessionId session)
    {
        var first = new Offset(reader.Int64());
        var last = new Offset(reader.Int64());
        var bytes = reader.Int64();
        var timestamp = reader.Int64();
        var firstSlot = new Slot(reader.Int64());
        return new WalExtent(session, firstSlot, new Slot(reader.Int64()), first, last, bytes, timestamp);
    }
}
