using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>Requests as clients send them, for one partition unless more are given.</summary>
internal static class Requests
{
    public static ProduceRequest Produce(string topic, int partition, byte[] batch, short acks = -1) => new()
    {
        Acks = acks,
        TimeoutMs = 30_000,
        Topics = [new() { Name = topic, Partitions = [new() { Index = partition, Records = batch }] }],
    };

    public static ProduceRequest Produce(string topic, params string[] values)
    {
        var batch = new BatchBuilder();
        foreach (var value in values)
        {
            batch.Record(value);
        }

        return Produce(topic, 0, batch.Build());
    }

    public static FetchRequest Fetch(string topic, long offset, int maxWaitMs = 0, int minBytes = 1, int partitionMaxBytes = 1024 * 1024) => new()
    {
        MaxWaitMs = maxWaitMs,
        MinBytes = minBytes,
        MaxBytes = 50 * 1024 * 1024,
        Topics = [new() { Name = topic, Partitions = [Partition(0, offset, partitionMaxBytes)] }],
    };

    public static FetchRequest Fetch(TopicId topic, params (int Index, long Offset)[] partitions) => new()
    {
        MinBytes = 1,
        MaxBytes = 50 * 1024 * 1024,
        Topics = [new() { TopicId = topic, Partitions = [.. partitions.Select(partition => Partition(partition.Index, partition.Offset))] }],
    };

    public static FetchRequest.Partition Partition(int index, long offset, int maxBytes = 1024 * 1024) =>
        new() { Index = index, FetchOffset = offset, PartitionMaxBytes = maxBytes };

    public static ListOffsetsRequest ListOffsets(string topic, long timestamp, int partition = 0) => new()
    {
        ReplicaId = -1,
        Topics = [new() { Name = topic, Partitions = [new() { Index = partition, Timestamp = timestamp }] }],
    };

    public static MetadataRequest Metadata(params string[] topics) => new() { Topics = [.. topics.Select(name => new MetadataRequest.Topic { Name = name })] };

    public static byte[] Bytes(this RecordsPayload? records)
    {
        var bytes = new byte[records!.Length];
        records.CopyTo(bytes);
        return bytes;
    }

    public static ProduceResponse.Partition Only(this ProduceResponse response) => Assert.Single(Assert.Single(response.Topics).Partitions);

    public static FetchResponse.Partition Only(this FetchResponse response) => Assert.Single(Assert.Single(response.Topics).Partitions);

    public static ListOffsetsResponse.Partition Only(this ListOffsetsResponse response) => Assert.Single(Assert.Single(response.Topics).Partitions);
}
