using System.Collections.Concurrent;
using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>A consumer on a thread of its own that notes each record that it is handed.</summary>
internal abstract class RecordedConsumer(RunContext run, string name) : IAsyncDisposable
{
    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, long> _next = new();
    private Task _loop = Task.CompletedTask;

    public string Name => name;

    protected RunContext Run => run;

    /// <summary>The partitions that it has now, each with its reading.</summary>
    protected Dictionary<int, Reading> Readings { get; } = [];

    /// <summary>The offset behind the highest that it was ever handed of a partition.</summary>
    public long NextOf(int partition) => _next.GetValueOrDefault(partition);

    public void Start() => _loop = Task.Factory.StartNew(Loop, TaskCreationOptions.LongRunning);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    protected abstract IConsumer<Ignore, string> Open(ConsumerConfig config);

    /// <summary>Between two polls.</summary>
    protected virtual void Pause(IConsumer<Ignore, string> consumer)
    {
    }

    /// <summary>Before it leaves.</summary>
    protected virtual void Leave(IConsumer<Ignore, string> consumer)
    {
    }

    protected virtual void Handed(int partition, long offset)
    {
    }

    protected Reading Begin(int partition, string? group) => Readings[partition] = run.History.Begin(name, group, partition, run.Clock.Now);

    protected static ConsumerBuilder<Ignore, string> Quiet(ConsumerConfig config) =>
        new ConsumerBuilder<Ignore, string>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { });

    private void Loop()
    {
        using var consumer = Open(new ConsumerConfig { BootstrapServers = run.Bootstrap, EnableAutoCommit = false, CheckCrcs = true });
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(PollTime) is { } result) Note(result);
                Pause(consumer);
            }
            catch (ConsumeException failed) when (failed.Error.Code is ErrorCode.OffsetOutOfRange or ErrorCode.Local_AutoOffsetReset)
            {
                run.Remark(ViolationKind.ClientFailed, $"{name}: {failed.Error} at {run.Clock.Now.TotalSeconds:0.000} s");
            }
            catch (KafkaException)
            {
                // A broker is away, or the group has moved on: trying again is what any client does.
            }
        }
        Leave(consumer);
        consumer.Close();
    }

    private void Note(ConsumeResult<Ignore, string> result)
    {
        var (partition, offset) = (result.Partition.Value, result.Offset.Value);
        if (!Readings.TryGetValue(partition, out var reading))
        {
            run.Remark(ViolationKind.ClientFailed, $"{name}: a record of partition {partition}, which it does not have");
            return;
        }
        run.History.Polls.Enqueue(new(reading.Number, offset, RecordName.Parse(result.Message.Value), result.LeaderEpoch ?? -1, run.Clock.Now));
        _next.AddOrUpdate(partition, offset + 1, (_, next) => Math.Max(next, offset + 1));
        Handed(partition, offset);
        run.Progress.Note();
    }
}
