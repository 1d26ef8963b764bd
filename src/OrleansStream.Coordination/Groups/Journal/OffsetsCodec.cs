using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>Offsets and partitions in the group journal. Neighbours with the same topic and name share its id and name.</summary>
internal static class OffsetsCodec
{
    private const long NoExpiry = -1;
    private const int LeastTopicBytes = 22;
    private const int LeastOffsetBytes = 36;
    private const int LeastRemovedTopicBytes = 20;

    public static void Write(JournalWriter writer, IReadOnlyList<PartitionOffset> offsets)
    {
        var topics = Runs(offsets, static (a, b) => a.Partition.Topic == b.Partition.Topic && a.Committed.TopicName == b.Committed.TopicName);
        writer.Count(topics.Count, JournalFormat.MaxOffsets);
        foreach (var (start, count) in topics)
        {
            writer.Topic(offsets[start].Partition.Topic);
            writer.Text(offsets[start].Committed.TopicName);
            writer.Count(count, JournalFormat.MaxOffsets);
            for (var i = start; i < start + count; i++)
            {
                Write(writer, offsets[i]);
            }
        }
    }

    public static List<PartitionOffset> Read(ref JournalReader reader)
    {
        var offsets = new List<PartitionOffset>();
        var topics = reader.Count(JournalFormat.MaxOffsets, LeastTopicBytes);
        for (var i = 0; i < topics; i++)
        {
            var topic = reader.Topic();
            var name = reader.Text();
            var count = reader.Count(JournalFormat.MaxOffsets, LeastOffsetBytes);
            for (var j = 0; j < count; j++)
            {
                offsets.Add(ReadOffset(ref reader, topic, name));
            }
        }

        return offsets;
    }

    public static void WriteRemoved(JournalWriter writer, IReadOnlyList<PartitionId> partitions)
    {
        var topics = Runs(partitions, static (a, b) => a.Topic == b.Topic);
        writer.Count(topics.Count, JournalFormat.MaxOffsets);
        foreach (var (start, count) in topics)
        {
            writer.Topic(partitions[start].Topic);
            writer.Count(count, JournalFormat.MaxOffsets);
            for (var i = start; i < start + count; i++)
            {
                writer.Int32(partitions[i].Index);
            }
        }
    }

    public static List<PartitionId> ReadRemoved(ref JournalReader reader)
    {
        var partitions = new List<PartitionId>();
        var topics = reader.Count(JournalFormat.MaxOffsets, LeastRemovedTopicBytes);
        for (var i = 0; i < topics; i++)
        {
            var topic = reader.Topic();
            var count = reader.Count(JournalFormat.MaxOffsets, sizeof(int));
            for (var j = 0; j < count; j++)
            {
                partitions.Add(new PartitionId(topic, reader.Int32()));
            }
        }

        return partitions;
    }

    private static void Write(JournalWriter writer, PartitionOffset offset)
    {
        writer.Int32(offset.Partition.Index);
        writer.Int64(offset.Committed.Offset.Value);
        writer.Int32(offset.Committed.LeaderEpoch.Value);
        writer.LongText(offset.Committed.Metadata);
        writer.Int64(offset.Committed.CommitTimestampMs);
        writer.Int64(offset.Committed.ExpireTimestampMs ?? NoExpiry);
    }

    private static PartitionOffset ReadOffset(ref JournalReader reader, TopicId topic, string name)
    {
        var partition = new PartitionId(topic, reader.Int32());
        var committed = new CommittedOffset
        {
            TopicName = name,
            Offset = new Offset(reader.Int64()),
            LeaderEpoch = new LeaderEpoch(reader.Int32()),
            Metadata = reader.LongText(),
            CommitTimestampMs = reader.Int64(),
        };
        var expiry = reader.Int64();
        return new PartitionOffset(partition, expiry == NoExpiry ? committed : committed with { ExpireTimestampMs = expiry });
    }

    private static List<(int Start, int Count)> Runs<T>(IReadOnlyList<T> items, Func<T, T, bool> belong)
    {
        var runs = new List<(int Start, int Count)>();
        for (var start = 0; start < items.Count;)
        {
            var end = start + 1;
            while (end < items.Count && belong(items[start], items[end]))
            {
                end++;
            }

            runs.Add((start, end - start));
            start = end;
        }

        return runs;
    }
}
