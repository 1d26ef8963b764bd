using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Cluster.Tests.Load;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Testing.Clusters;
using OrleansStream.Testing.Proxies;
using OrleansStream.Testing.Records;
using ErrorCode = OrleansStream.Model.Errors.ErrorCode;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>A broker whose storage goes away while it serves, and comes back: what clients are told meanwhile, and that nobody has to do anything.</summary>
public sealed class LostStorageTests : IDisposable
{
    private const string Topic = "lost-storage";
    private const int RequestMs = 1_500;
    private const short ProduceVersion = 10;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-lost-storage-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Producers_are_told_to_try_again_what_is_cached_is_fetched_and_all_goes_on_by_itself(bool isSilent)
    {
        await using var cluster = new BlobCluster(_directory.FullName, brokers: 1);
        await cluster.StartAsync(Cancelled);
        var broker = cluster.Brokers[0];
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }]);
        using var producer = (await WireConnection.TryOpenAsync(broker.Port, Limit))!;
        await AcknowledgedAsync(producer, "before");
        using var consumer = new ConsumerBuilder<Ignore, string>(new ConsumerConfig { BootstrapServers = cluster.Bootstrap, GroupId = "none", EnableAutoCommit = false }).Build();
        consumer.Assign(new TopicPartitionOffset(Topic, 0, 0));
        Assert.Equal("before", consumer.Consume(Limit)?.Message.Value);

        cluster.StorageLink(1)!.Apply(isSilent ? new LinkFault.Hold() : new LinkFault.Cut());

        Assert.Equal(ErrorCode.RequestTimedOut, (await OfferAsync(producer, "meanwhile"))!.ErrorCode);
        consumer.Seek(new TopicPartitionOffset(Topic, 0, 0));
        Assert.Equal("before", consumer.Consume(Limit)?.Message.Value);

        cluster.StorageLink(1)!.Apply(null);

        await AcknowledgedAsync(producer, "after");
        var read = new List<string>();
        consumer.Seek(new TopicPartitionOffset(Topic, 0, 0));
        while (read.LastOrDefault() != "after") read.Add(consumer.Consume(Limit)!.Message.Value);
        Assert.Equal(["before", "after"], read.Where(static value => value != "meanwhile")); // Of a request that timed out nobody knows what became.
    }

    // What starts brokers anew waits half a minute for one to end, and kills it then. Here it is told to take five seconds. The silo of one that is not alone has not
    // ended by then.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broker_whose_storage_is_lost_ends_in_time_when_it_is_told_to_and_says_what_it_left(bool isSilent)
    {
        await using var cluster = new BlobCluster(_directory.FullName, brokers: 2, new Dictionary<string, string> { ["OrleansStream:StopTimeout"] = "00:00:05" });
        await cluster.StartAsync(Cancelled);
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = cluster.Bootstrap }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = Topic, NumPartitions = 1, ReplicationFactor = 1 }]);
        var leader = admin.GetMetadata(Topic, Limit).Topics[0].Partitions[0].Leader;
        var broker = cluster.Brokers.First(broker => broker.Id == leader);
        using var producer = (await WireConnection.TryOpenAsync(broker.Port, Limit))!;
        await AcknowledgedAsync(producer, "before");
        foreach (var one in cluster.Brokers) cluster.StorageLink(one.Id)!.Apply(isSilent ? new LinkFault.Hold() : new LinkFault.Cut());
        Assert.Equal(ErrorCode.RequestTimedOut, (await OfferAsync(producer, "without an outcome"))!.ErrorCode);

        var took = await broker.StopAsync(Cancelled);

        while (broker.ExitCode is null) await Task.Yield(); // The process is gone; its end may not have been told yet.
        Assert.True(took < TimeSpan.FromSeconds(20), $"It took {took}.\n{broker.RecentOutput()}"); // Of writes alone it would wait a minute.
        Assert.Equal(0, broker.ExitCode);
        Assert.Contains("storage has not said what became of", broker.RecentOutput(), StringComparison.Ordinal);
        Assert.DoesNotContain("has not come to the end of its stop", broker.RecentOutput(), StringComparison.Ordinal);
    }

    // As clients do: again, after an answer that allows it.
    private static async Task AcknowledgedAsync(WireConnection connection, string value)
    {
        using var ended = new CancellationTokenSource(Limit);
        for (var answer = await OfferAsync(connection, value); answer!.ErrorCode != ErrorCode.None; answer = await OfferAsync(connection, value))
        {
            Assert.True(answer.ErrorCode is ErrorCode.RequestTimedOut or ErrorCode.NotLeaderOrFollower or ErrorCode.LeaderNotAvailable or ErrorCode.KafkaStorageError or ErrorCode.UnknownTopicOrPartition, $"{answer.ErrorCode} is no answer that a client tries again.");
            ended.Token.ThrowIfCancellationRequested();
        }
    }

    private static async Task<ProduceResponse.Partition?> OfferAsync(WireConnection connection, string value)
    {
        var request = new ProduceRequest { Acks = -1, TimeoutMs = RequestMs, Topics = [new() { Name = Topic }] };
        request.Topics[0].Partitions.Add(new() { Index = 0, Records = new BatchBuilder().At(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()).Record(value).Build() });
        var answer = await connection.TryAskAsync<ProduceResponse>(request, ProduceVersion, Limit);
        Assert.True(answer is not null, "No answer came.");
        return answer.Topics[0].Partitions[0];
    }
}
