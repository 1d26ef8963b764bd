using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>Asks again and again what a group has committed, as monitoring tools do.</summary>
internal sealed class CommittedWatch(RunContext run, string group) : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Asks once more when the members have left; a cluster at rest has to answer.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private async Task RunAsync()
    {
        var config = new ConsumerConfig { BootstrapServers = run.Bootstrap, GroupId = group };
        using var client = new ConsumerBuilder<Ignore, Ignore>(config).SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var timer = new PeriodicTimer(Interval);
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync()) TryAsk(client);
        if (!TryAsk(client) && !TryAsk(client)) run.Remark(ViolationKind.NotAvailable, $"group {group}: its committed offsets were not answered at the end");
    }

    private bool TryAsk(IConsumer<Ignore, Ignore> client)
    {
        var started = run.Clock.Now;
        try
        {
            foreach (var answer in client.Committed(Enumerable.Range(0, run.Partitions).Select(partition => new TopicPartition(run.Topic, partition)), AnswerLimit))
            {
                // Unset is what librdkafka calls an offset that nobody committed.
                run.History.CommittedOffsets.Enqueue(new(group, answer.Partition.Value, answer.Offset == Offset.Unset ? -1 : answer.Offset.Value, started, run.Clock.Now));
            }
            return true;
        }
        catch (KafkaException)
        {
            return false;
        }
    }
}
