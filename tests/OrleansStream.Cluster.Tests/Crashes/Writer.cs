using System.Collections.Concurrent;
using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace OrleansStream.Cluster.Tests.Crashes;

/// <summary>
/// Writes the numbers 0, 1, 2, ... to each partition of a topic, at a steady rate, whatever happens to the broker, and remembers
/// where each acknowledged one is said to be.
/// </summary>
/// <param name="idempotent">
/// True: every number arrives in the end, once and in order. False: nothing is sent twice, so that a number may be missing,
/// but only one that was never acknowledged.
/// </param>
internal sealed class Writer(string bootstrap, string topic, bool idempotent) : IAsyncDisposable
{
    public const int Partitions = 3;
    private const int RecordsOfTick = 30;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<DeliveryReport<Null, string>> _reports = new();
    private Task _loop = Task.CompletedTask;
    private long _acknowledged;

    public string Topic => topic;

    public bool IsIdempotent => idempotent;

    /// <summary>What the client could never repair; there must not be any.</summary>
    public ConcurrentQueue<string> FatalErrors { get; } = new();

    /// <summary>How many numbers were offered to each partition.</summary>
    public int Offered { get; private set; }

    /// <summary>Records acknowledged so far.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>All answers, good and bad.</summary>
    public IReadOnlyCollection<DeliveryReport<Null, string>> Reports => _reports;

    /// <summary>Creates topics with as many partitions as writers write to.</summary>
    public static async Task CreateTopicsAsync(string bootstrap, params string[] topics)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
        await admin.CreateTopicsAsync(topics.Select(topic => new TopicSpecification { Name = topic, NumPartitions = Partitions, ReplicationFactor = 1 }));
    }

    public void Start() => _loop = Task.Run(RunAsync);

    /// <summary>Stops offering and waits until every record has its answer.</summary>
    public async Task FinishAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    public async ValueTask DisposeAsync() => await FinishAsync();

    private async Task RunAsync()
    {
        var config = new ProducerConfig
        {
            BootstrapServers = bootstrap,
            Acks = Acks.All,
            LingerMs = 2,
            EnableIdempotence = idempotent,
            MaxInFlight = idempotent ? 5 : 1,
            MessageTimeoutMs = 180_000,
            QueueBufferingMaxMessages = 1_000_000,
            ReconnectBackoffMaxMs = 200,
        };
        if (!idempotent) config.MessageSendMaxRetries = 0;
        using var producer = new ProducerBuilder<Null, string>(config)
            .SetLogHandler((_, _) => { })
            .SetErrorHandler((_, error) => { if (error.IsFatal) FatalErrors.Enqueue(error.ToString()); })
            .Build();
        using var timer = new PeriodicTimer(Tick);
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
        {
            for (var index = 0; index < RecordsOfTick; index++) Offer(producer);
        }
        producer.Flush(TimeSpan.FromMinutes(3));
    }

    private void Offer(IProducer<Null, string> producer)
    {
        try
        {
            for (var partition = 0; partition < Partitions; partition++)
            {
                producer.Produce(new TopicPartition(topic, partition), new() { Value = Offered.ToString(CultureInfo.InvariantCulture) }, Note);
            }
            Offered++;
        }
        catch (ProduceException<Null, string> error) when (error.Error.Code == ErrorCode.Local_QueueFull)
        {
            // The broker is away for longer than the client's memory lasts. A half-offered number would be a gap that nobody made.
            FatalErrors.Enqueue("The client's queue is full: the broker was away for too long.");
        }
    }

    private void Note(DeliveryReport<Null, string> report)
    {
        _reports.Enqueue(report);
        if (report.Status == PersistenceStatus.Persisted) Interlocked.Increment(ref _acknowledged);
    }
}
