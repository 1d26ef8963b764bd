using System.Collections.Concurrent;
using Confluent.Kafka;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>A group of members that read a topic and commit, whatever happens to the broker.</summary>
internal sealed class GroupReader(string bootstrap, string topic, string group, int members) : IAsyncDisposable
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan CommitInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _loops = [];
    private readonly Lock _lock = new();
    private readonly Dictionary<TopicPartition, long> _committed = [];

    /// <summary>All records that were ever handed to a member.</summary>
    public ConcurrentQueue<(TopicPartitionOffset Where, string Value)> Seen { get; } = new();

    public void Start()
    {
        for (var member = 0; member < members; member++) _loops.Add(Task.Factory.StartNew(Run, TaskCreationOptions.LongRunning));
    }

    /// <summary>Asks the broker for the group's offsets and names each that lies below one whose commit was acknowledged before the call.</summary>
    public List<string> OffsetsThatWentBack()
    {
        Dictionary<TopicPartition, long> atLeast;
        lock (_lock) atLeast = new(_committed);
        using var client = Build();
        return
        [
            .. Committed(client, [.. atLeast.Keys])
                .Where(found => found.Offset.Value < atLeast[found.TopicPartition])
                .Select(found => $"{found.TopicPartition}: committed {atLeast[found.TopicPartition]}, after the restart {found.Offset}"),
        ];
    }

    /// <summary>Ends the members; it may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_loops);
    }

    private static List<TopicPartitionOffset> Committed(IConsumer<Ignore, string> client, List<TopicPartition> partitions)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                return client.Committed(partitions, AnswerLimit);
            }
            catch (KafkaException) when (TimeProvider.System.GetElapsedTime(start) < AnswerLimit)
            {
                // The coordinator has only just started: asking again is what any client does.
            }
        }
    }

    private void Run()
    {
        using var consumer = Build();
        consumer.Subscribe(topic);
        var lastCommit = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(50)) is { } result) Seen.Enqueue((result.TopicPartitionOffset, result.Message.Value));
                if (TimeProvider.System.GetElapsedTime(lastCommit) < CommitInterval) continue;
                lastCommit = TimeProvider.System.GetTimestamp();
                Note(consumer.Commit());
            }
            catch (KafkaException)
            {
                // The broker is away, or the group has moved on: what was not committed is read again.
            }
        }
    }

    private void Note(List<TopicPartitionOffset> committed)
    {
        lock (_lock)
        {
            foreach (var offset in committed) _committed[offset.TopicPartition] = Math.Max(offset.Offset.Value, _committed.GetValueOrDefault(offset.TopicPartition));
        }
    }

    private IConsumer<Ignore, string> Build()
    {
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrap,
            GroupId = group,
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            SessionTimeoutMs = 10_000,
            HeartbeatIntervalMs = 300,
            ReconnectBackoffMaxMs = 200,
        };
        return new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
    }
}
