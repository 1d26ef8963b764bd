using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>Frames of partitions as bytes, in summaries and digests alike. Partitions stand in order, so that all who gathered the same write the same.</summary>
internal static class SessionFramesCodec
{
    private const int MinPartitionBytes = 16 + 4 + 4 + 1;
    private const int ExtentBytes = 6 * 8;

    public static void Write(RecordWriter writer, IReadOnlyDictionary<PartitionId, SessionFrames> partitions)
    {
        writer.Int32(partitions.Count);
        foreach (var (partition, frames) in partitions.OrderBy(static entry => entry.Key))
        {
            writer.Guid(partition.Topic.Value);
            writer.Int32(partition.Index);
            writer.Int32(frames.Extents.Count);
            foreach (var extent in frames.Extents) Write(writer, extent);
            writer.Byte(frames.Producers is null ? (byte)0 : (byte)1);
            frames.Producers?.Write(writer);
        }
    }

    /// <exception cref="FormatException">The bytes are none.</exception>
    public static Dictionary<PartitionId, SessionFrames> Read(ref RecordReader reader, SessionId session)
    {
        var partitions = new Dictionary<PartitionId, SessionFrames>();
        for (var left = reader.Count(MinPartitionBytes); left > 0; left--)
        {
            var topic = new TopicId(reader.Guid());
            var partition = new PartitionId(topic, reader.Int32());
            var extents = new WalExtent[reader.Count(ExtentBytes)];
            for (var i = 0; i < extents.Length; i++) extents[i] = ReadExtent(ref reader, session);
            var producers = reader.Byte() switch
            {
                0 => null,
                1 => ProducerDelta.Read(ref reader),
                var other => throw new FormatException($"Partition {partition} has producers of kind {other}."),
            };
            if (!partitions.TryAdd(partition, new SessionFrames(extents, producers))) throw new FormatException($"Partition {partition} stands in it twice.");
        }

        return partitions;
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

    private static WalExtent ReadExtent(ref RecordReader reader, SessionId session)
    {
        var first = new Offset(reader.Int64());
        var last = new Offset(reader.Int64());
        var bytes = reader.Int64();
        var timestamp = reader.Int64();
        var firstSlot = new Slot(reader.Int64());
        return new WalExtent(session, firstSlot, new Slot(reader.Int64()), first, last, bytes, timestamp);
    }
}
