using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>Writes numbered records to each partition at a steady rate, whatever happens to the cluster, and notes what became of each.</summary>
/// <param name="kind">Idempotent with librdkafka's own settings, or once without any retry.</param>
internal sealed class RecordedProducer(RunContext run, int number, ProducerKind kind) : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(60);

    // With so many records without an answer nothing more is offered: the client's memory is no part of what is tried.
    private const int MaxUnanswered = 20_000;

    // Of an idempotent producer each record has to arrive, and no fault lasts as long as this.
    private const int PatientMs = 600_000;

    // Less than it takes until a broker is declared dead, so that little is under way to it then (see Note).
    private const int ImpatientMs = 1_500;

    // At the end the cluster is whole again: what is not answered by then hangs.
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _giveUp = new();
    private readonly int[] _offered = new int[run.Partitions];
    private Task _loop = Task.CompletedTask;
    private int _unanswered;

    public void Start()
    {
        run.History.Producers[number] = new(number, kind);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Stops offering and waits until every record has its answer.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    /// <summary>Stops at once, whatever is unanswered.</summary>
    public async ValueTask DisposeAsync()
    {
        await _giveUp.CancelAsync();
        await FinishAsync();
    }

    private async Task RunAsync()
    {
        var config = new ProducerConfig { BootstrapServers = run.Bootstrap, Acks = Acks.All, EnableIdempotence = kind == ProducerKind.Idempotent };
        if (kind == ProducerKind.Idempotent)
        {
            config.MessageTimeoutMs = PatientMs;
        }
        else
        {
            (config.MaxInFlight, config.MessageSendMaxRetries, config.MessageTimeoutMs, config.RequestTimeoutMs) = (1, 0, ImpatientMs, ImpatientMs);
        }
        using var producer = new ProducerBuilder<Null, string>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => { if (error.IsFatal) run.Remark(ViolationKind.ClientFailed, $"producer {number}: {error}"); })
            .Build();
        using var timer = new PeriodicTimer(Tick);
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
        {
            if (Volatile.Read(ref _unanswered) < MaxUnanswered) Offer(producer);
        }
        AwaitAnswers(producer);
    }

    private void AwaitAnswers(IProducer<Null, string> producer)
    {
        var begun = run.Clock.Now;
        while (!_giveUp.IsCancellationRequested && producer.Flush(Step) > 0)
        {
            if (run.Clock.Now - begun < LastAnswers) continue;
            run.Remark(ViolationKind.NotAvailable, $"producer {number}: {Volatile.Read(ref _unanswered)} records had no answer {LastAnswers.TotalSeconds:0} s after the last fault");
            return;
        }
    }

    private void Offer(IProducer<Null, string> producer)
    {
        for (var partition = 0; partition < run.Partitions; partition++)
        {
            var (where, name, started) = (partition, new RecordName(number, _offered[partition]), run.Clock.Now);
            try
            {
                producer.Produce(new TopicPartition(run.Topic, partition), new() { Value = name.ToString() }, report => Note(report, where, name, started));
            }
            catch (ProduceException<Null, string>)
            {
                // A client that has failed for good takes nothing more; its error handler has said so.
                continue;
            }
            _offered[partition]++;
            Interlocked.Increment(ref _unanswered);
        }
    }

    private void Note(DeliveryReport<Null, string> report, int partition, RecordName name, TimeSpan started)
    {
        Interlocked.Decrement(ref _unanswered);
        var outcome = report.Status switch
        {
            PersistenceStatus.Persisted => AppendOutcome.Acknowledged,
            // A broker that is gone from Metadata librdkafka (2.10 and later, __DESTROY_BROKER) drops with all that waits for its answer, takes that for not stored, and sends it again whatever
            // its retries. What no broker has answered is in doubt, whatever the client says; producers without librdkafka hold brokers to what they answer.
            PersistenceStatus.NotPersisted when !report.Error.IsLocalError => AppendOutcome.Refused,
            _ => AppendOutcome.Unknown,
        };
        run.Note(new(name, partition, outcome, report.Offset.Value, started, run.Clock.Now) { Error = report.Error.IsError ? report.Error.Code.ToString() : null });
    }
}
