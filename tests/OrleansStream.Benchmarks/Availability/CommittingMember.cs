using Confluent.Kafka;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A member of a group with librdkafka's defaults, which commits what it has read every 100 ms.</summary>
internal sealed class CommittingMember : IAsyncDisposable
{
    private static readonly TimeSpan CommitInterval = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;
    private long _lastCommit;
    private int _assignments;

    public CommittingMember(string bootstrap, string topic, string group) =>
        _loop = Task.Factory.StartNew(() => Run(bootstrap, topic, group), TaskCreationOptions.LongRunning);

    /// <summary>When the last commit that was acknowledged began, as a timestamp of the system's clock; null before the first.</summary>
    public long? LastCommit => Volatile.Read(ref _lastCommit) is not 0 and var time ? time : null;

    /// <summary>How often it was given partitions.</summary>
    public int Assignments => Volatile.Read(ref _assignments);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private void Run(string bootstrap, string topic, string group)
    {
        var config = new ConsumerConfig { BootstrapServers = bootstrap, GroupId = group, AutoOffsetReset = AutoOffsetReset.Earliest, EnableAutoCommit = false };
        using var consumer = new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { })
            .SetPartitionsAssignedHandler((_, _) => { Interlocked.Increment(ref _assignments); }).Build();
        consumer.Subscribe(topic);
        var last = TimeProvider.System.GetTimestamp();
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                consumer.Consume(TimeSpan.FromMilliseconds(50));
                if (TimeProvider.System.GetElapsedTime(last) < CommitInterval) continue;
                last = TimeProvider.System.GetTimestamp();
                if (consumer.Commit().Count > 0) Volatile.Write(ref _lastCommit, last);
            }
            catch (KafkaException)
            {
                // The coordinator is away, or there is nothing to commit yet.
            }
        }
        consumer.Close();
    }
}
