using Confluent.Kafka;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>
/// One producer with librdkafka's defaults that offers a record to each partition in turn at an even rate, and remembers when each was acknowledged.
/// </summary>
internal sealed class AckProbe : IAsyncDisposable
{
    private const int MaxUnanswered = 90_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly CancellationTokenSource _stop = new();
    private readonly IReadOnlyList<TopicPartition> _partitions;
    private readonly double _recordsPerSecond;
    private readonly byte[] _value;
    private readonly List<Ack> _acks = [];
    private readonly Dictionary<TopicPartition, (TimeSpan Offered, TimeSpan Acknowledged)> _last = [];
    private readonly Task _loop;
    private int _unanswered;
    private int _failed;

    public AckProbe(string bootstrap, IReadOnlyList<TopicPartition> partitions, double recordsPerSecond, int recordBytes = 100)
    {
        (_partitions, _recordsPerSecond, _value) = (partitions, recordsPerSecond, new byte[recordBytes]);
        Random.Shared.NextBytes(_value);
        _loop = Task.Run(() => RunAsync(bootstrap));
    }

    /// <summary>Since the probe began.</summary>
    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_start);

    /// <summary>Records that the client gave up.</summary>
    public int Failed => Volatile.Read(ref _failed);

    /// <summary>Everything that was acknowledged so far, in that order.</summary>
    public IReadOnlyList<Ack> Acks()
    {
        lock (_acks) return [.. _acks];
    }

    /// <summary>Whether of each of these partitions a record was acknowledged that was offered at this time or later.</summary>
    public bool HasAllSince(TimeSpan time, IEnumerable<TopicPartition> partitions)
    {
        lock (_acks) return partitions.All(partition => _last.TryGetValue(partition, out var last) && last.Offered >= time);
    }

    /// <summary>Waits for that; false after the limit.</summary>
    public async Task<bool> AllSinceAsync(TimeSpan time, IReadOnlyCollection<TopicPartition> partitions, TimeSpan limit) =>
        await Rig.UntilAsync(() => HasAllSince(time, partitions), limit) is not null;

    /// <summary>Of each partition, when the first record was acknowledged that was offered at this time or later.</summary>
    public IReadOnlyDictionary<TopicPartition, TimeSpan> FirstSince(TimeSpan time, IEnumerable<TopicPartition> partitions)
    {
        var wanted = partitions.ToHashSet();
        return Acks().Where(ack => ack.Offered >= time && wanted.Contains(ack.Partition)).GroupBy(ack => ack.Partition)
            .ToDictionary(acks => acks.Key, acks => acks.Min(ack => ack.Acknowledged));
    }

    /// <summary>Of each partition, the longest time between two acknowledgements in a span of time.</summary>
    public IEnumerable<TimeSpan> LongestGaps(TimeSpan from, TimeSpan to) =>
        Acks().Where(ack => ack.Acknowledged >= from && ack.Acknowledged <= to).GroupBy(ack => ack.Partition)
            .Select(acks => acks.Zip(acks.Skip(1), (before, after) => after.Acknowledged - before.Acknowledged).DefaultIfEmpty().Max());

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
    }

    private async Task RunAsync(string bootstrap)
    {
        using var producer = new ProducerBuilder<Null, byte[]>(new ProducerConfig { BootstrapServers = bootstrap })
            .SetLogHandler((_, _) => { }).SetErrorHandler((_, _) => { }).Build();
        using var timer = new PeriodicTimer(Tick);
        long offered = 0;
        while (!_stop.IsCancellationRequested && await timer.WaitForNextTickAsync())
        {
            // What is due by now. A client that is blocked is not overrun later: gaps would fill with a burst.
            var due = (long)(Now.TotalSeconds * _recordsPerSecond);
            for (; offered < due; offered++)
            {
                if (Volatile.Read(ref _unanswered) < MaxUnanswered) Offer(producer, _partitions[(int)(offered % _partitions.Count)]);
            }
        }
        producer.Flush(TimeSpan.FromSeconds(10));
    }

    private void Offer(IProducer<Null, byte[]> producer, TopicPartition where)
    {
        var offered = Now;
        Interlocked.Increment(ref _unanswered);
        try
        {
            producer.Produce(where, new() { Value = _value }, report => Note(report, offered));
        }
        catch (ProduceException<Null, byte[]>)
        {
            Interlocked.Decrement(ref _unanswered);
            Interlocked.Increment(ref _failed);
        }
    }

    private void Note(DeliveryReport<Null, byte[]> report, TimeSpan offered)
    {
        Interlocked.Decrement(ref _unanswered);
        if (report.Error.IsError)
        {
            Interlocked.Increment(ref _failed);
            return;
        }
        lock (_acks)
        {
            _acks.Add(new(report.TopicPartition, offered, Now));
            _last[report.TopicPartition] = (offered, Now);
        }
    }
}
