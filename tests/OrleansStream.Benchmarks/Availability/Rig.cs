using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Testing.Brokers;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A cluster on an empty folder, and what rows ask of it.</summary>
internal sealed class Rig : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    private readonly IAdminClient _admin;
    private readonly DirectoryInfo _folder;

    private Rig(BrokerCluster cluster, DirectoryInfo folder)
    {
        (Cluster, _folder) = (cluster, folder);
        var config = new AdminClientConfig { BootstrapServers = cluster.Bootstrap };
        _admin = new AdminClientBuilder(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }

    public BrokerCluster Cluster { get; }

    public IAdminClient Admin => _admin;

    /// <summary>Ours on Azurite; ORLEANSSTREAM_BROKER=kafka puts Apache Kafka in its place, <c>files</c> one broker of ours on files.</summary>
    /// <param name="options">From the command line.</param>
    /// <param name="isDirect">Whether nothing counts requests between brokers and storage: for rows that compare with a client that has nothing there either.</param>
    public static async Task<Rig> StartAsync(AvailabilityOptions options, bool isDirect = false)
    {
        var folder = Directory.CreateTempSubdirectory("orleansstream-availability-");
        BrokerCluster cluster = Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") switch
        {
            "kafka" => new ApacheKafkaCluster(folder.FullName, options.BrokerOptions),
            "files" => new SingleBroker(folder.FullName, options.BrokerOptions),
            _ => new BlobCluster(folder.FullName, options: options.BrokerOptions, isDirect: isDirect),
        };
        await cluster.StartAsync();
        Console.WriteLine($"  {cluster.Name}, logs in {folder.FullName}");
        return new Rig(cluster, folder);
    }

    /// <summary>Creates topics and waits until each partition has a leader.</summary>
    public async Task CreateAsync(IReadOnlyList<string> topics, int partitionsOfEach)
    {
        foreach (var topic in topics)
        {
            await _admin.CreateTopicsAsync(
                [new TopicSpecification { Name = topic, NumPartitions = partitionsOfEach, ReplicationFactor = Cluster.Replicas }],
                new CreateTopicsOptions { OperationTimeout = AnswerLimit, RequestTimeout = AnswerLimit });
        }
        var all = topics.Count * partitionsOfEach;
        await UntilAsync(() => Leaders(topics).Count(leader => leader.Value >= 0) == all, TimeSpan.FromMinutes(5));
    }

    /// <summary>Who leads what, as some broker tells; empty if none answers.</summary>
    public IReadOnlyDictionary<TopicPartition, int> Leaders(IReadOnlyList<string> topics)
    {
        try
        {
            var metadata = topics is [var only] ? _admin.GetMetadata(only, AnswerLimit) : _admin.GetMetadata(AnswerLimit);
            return metadata.Topics.Where(topic => topics.Contains(topic.Topic))
                .SelectMany(topic => topic.Partitions.Select(partition => (Where: new TopicPartition(topic.Topic, partition.PartitionId), partition.Leader)))
                .ToDictionary(found => found.Where, found => found.Leader);
        }
        catch (KafkaException)
        {
            return new Dictionary<TopicPartition, int>();
        }
    }

    /// <summary>Waits until the broker leads its part again: about as much as it would of an even share.</summary>
    public Task<TimeSpan?> UntilItLeadsAsync(BrokerProcess broker, IReadOnlyList<string> topics, TimeSpan limit) => UntilAsync(
        () =>
        {
            var leaders = Leaders(topics);
            return leaders.Count > 0 && leaders.Values.Count(leader => leader == broker.Id) >= leaders.Count / Cluster.Brokers.Count / 2;
        },
        limit);

    /// <summary>How long it took until the condition held; null if it did not in time.</summary>
    public static async Task<TimeSpan?> UntilAsync(Func<bool> condition, TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > limit) return null;
            await Task.Delay(LookInterval);
        }
        return TimeProvider.System.GetElapsedTime(start);
    }

    /// <summary>A broker that wakes up declared dead may end by itself: then it is started again.</summary>
    public static async Task BackAsync(BrokerProcess broker)
    {
        // As long as a broker may need to find out.
        await UntilAsync(() => !broker.IsRunning, TimeSpan.FromSeconds(10));
        if (!broker.IsRunning) broker.Launch();
        await broker.ReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _admin.Dispose();
        await Cluster.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
