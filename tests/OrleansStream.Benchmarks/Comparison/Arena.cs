using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Benchmarks.Load;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Comparison;

/// <summary>Both brokers, each on an empty directory of its own, and what rows do to them. Only one is under load at a time.</summary>
internal sealed class Arena(ComparisonOptions options, bool synced) : IAsyncDisposable
{
    private const string WarmUpTopic = "warm-up";

    // Apache Kafka against itself: every ratio has to come out at about 1, or the comparison itself is at fault.
    private static readonly bool KafkaOnBothSides = Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") == "kafka";

    private readonly Dictionary<Contender, BrokerProcess> _warm = [];
    private readonly List<BrokerProcess> _all = [];
    private readonly string _root = Path.Combine(options.DataDirectory ?? Path.Combine(Repository.Root, "artifacts", "compare"), Path.GetRandomFileName());
    private int _topics;

    public ComparisonOptions Options => options;

    /// <summary>True if Kafka syncs before it acknowledges, as ours always does unless it is told otherwise.</summary>
    public bool Synced => synced;

    /// <summary>The sides in the order of this round: they take turns in going first.</summary>
    public IEnumerable<Contender> Order(int round)
    {
        var sides = new List<Contender>();
        if (options.Ours) sides.Add(Contender.Ours);
        if (options.Kafka) sides.Add(Contender.Kafka);
        if (round % 2 == 1) sides.Reverse();
        return sides;
    }

    /// <summary>The broker of one side, running and warmed up.</summary>
    public async Task<BrokerProcess> WarmAsync(Contender side)
    {
        if (_warm.TryGetValue(side, out var running)) return running;

        var broker = Create(side);
        await broker.StartAsync();
        if (options.WarmUpBytes > 0)
        {
            await CreateTopicAsync(broker, WarmUpTopic, partitions: 6);
            _ = new ProduceLoad(broker.Bootstrap, WarmUpTopic, 6, 1_000, options.WarmUpBytes).Run(0);
            await DeleteTopicAsync(broker, WarmUpTopic);
        }
        _warm[side] = broker;
        return broker;
    }

    /// <summary>A broker on an empty directory that has not been started.</summary>
    public BrokerProcess Create(Contender side)
    {
        var directory = Path.Combine(_root, $"{side}-{_topics++}");
        BrokerProcess broker = side == Contender.Ours && !KafkaOnBothSides
            ? new OrleansStreamBroker(directory, OursSettings())
            : new ApacheKafkaBroker(directory, synced ? new Dictionary<string, string> { ["log.flush.interval.messages"] = "1" } : null);
        _all.Add(broker);
        return broker;
    }

    /// <summary>Creates a topic with a name that was not used before in this arena.</summary>
    public async Task<string> NewTopicAsync(BrokerProcess broker, int partitions)
    {
        var name = $"load-{_topics++}";
        await CreateTopicAsync(broker, name, partitions);
        return name;
    }

    public static async Task DeleteTopicAsync(BrokerProcess broker, string topic)
    {
        using var admin = Admin(broker);
        await admin.DeleteTopicsAsync([topic]);
    }

    public static async Task CreateTopicAsync(BrokerProcess broker, string topic, int partitions)
    {
        using var admin = Admin(broker);
        await admin.CreateTopicsAsync([new TopicSpecification { Name = topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
    }

    public static IAdminClient Admin(BrokerProcess broker)
    {
        var config = new AdminClientConfig { BootstrapServers = broker.Bootstrap };
        return new AdminClientBuilder(config).SetLogHandler((_, _) => { }).Build();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var broker in _all) await broker.DisposeAsync();
        if (Directory.Exists(_root)) Directory.Delete(_root, recursive: true);
    }

    private Dictionary<string, string> OursSettings()
    {
        var settings = new Dictionary<string, string>(options.OursOptions);
        if (!synced && options.Relaxed is { } relaxed) settings[relaxed.Key] = relaxed.Value;
        return settings;
    }
}
