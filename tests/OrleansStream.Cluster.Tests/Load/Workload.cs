using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Cluster.Tests.Histories;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>
/// All clients of a run: two idempotent producers, a plain one, a wire producer for each broker, a group of three members, a reader by hand, and one who asks
/// for committed offsets.
/// </summary>
internal sealed class Workload : IAsyncDisposable
{
    private const string Group = "readers";
    private const string ReaderName = "reader by hand";
    private const int Members = 3;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(120);

    private readonly RunContext _run;
    private readonly List<RecordedProducer> _producers = [];
    private readonly List<WireProducer> _wireProducers = [];
    private readonly List<RecordedMember> _members = [];
    private readonly RecordedReader _reader;
    private readonly CommittedWatch _watch;

    public Workload(RunContext run, BrokerCluster cluster)
    {
        _run = run;
        _producers = [new(run, 1, ProducerKind.Idempotent), new(run, 2, ProducerKind.Idempotent), new(run, 3, ProducerKind.Once)];
        _wireProducers = [.. cluster.Brokers.Select(broker => new WireProducer(run, 10 + broker.Id, broker))];
        _members = [.. Enumerable.Range(1, Members).Select(member => new RecordedMember(run, Group, $"member {member}"))];
        _reader = new(run, ReaderName);
        _watch = new(run, Group);
    }

    /// <summary>How often members were given partitions, in all.</summary>
    public int Assignments => _members.Sum(member => member.Assignments);

    public static async Task CreateTopicAsync(RunContext run, short replicas)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = run.Bootstrap }).SetLogHandler((_, _) => { }).Build();
        await admin.CreateTopicsAsync([new TopicSpecification { Name = run.Topic, NumPartitions = run.Partitions, ReplicationFactor = replicas }]);
    }

    public void Start()
    {
        _producers.ForEach(producer => producer.Start());
        _wireProducers.ForEach(producer => producer.Start());
        _members.ForEach(member => member.Start());
        _reader.Start();
        _watch.Start();
    }

    /// <summary>Waits until the group and the reader have been handed all that was acknowledged before the call. Null if they were in time, otherwise who is where.</summary>
    public async Task<string?> ReadOnAsync(TimeSpan limit)
    {
        var ends = _run.Acknowledged();
        return await _run.Progress.WaitAsync(() => ends.All(IsRead), limit) ? null : string.Join("; ", ends.Where(end => !IsRead(end)).OrderBy(end => end.Key).Select(Describe));
    }

    /// <summary>Ends the producers, lets the readers come to the end, ends them too, and reads the whole log.</summary>
    public async Task FinishAsync()
    {
        foreach (var producer in _wireProducers) await producer.DisposeAsync();
        await Task.WhenAll(_producers.Select(producer => producer.FinishAsync()));

        var drained = await DrainAsync();
        if (!drained) _run.Remark(ViolationKind.NotAvailable, $"not everything was read within {DrainLimit.TotalSeconds:0} s of the end");
        foreach (var member in _members) await member.DisposeAsync();
        await _reader.DisposeAsync();
        await _watch.DisposeAsync();
        FinalRead.Execute(_run);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var producer in _wireProducers) await producer.DisposeAsync();
        foreach (var producer in _producers) await producer.DisposeAsync();
        foreach (var member in _members) await member.DisposeAsync();
        await _reader.DisposeAsync();
        await _watch.DisposeAsync();
    }

    // A broker that was frozen may still append what it had got, though nobody waits for an answer: the end counts when it has stayed where it was.
    private async Task<bool> DrainAsync()
    {
        var start = _run.Clock.Now;
        for (var ends = FinalRead.Ends(_run); ;)
        {
            var left = DrainLimit - (_run.Clock.Now - start);
            if (left <= TimeSpan.Zero || !await _run.Progress.WaitAsync(() => ends.All(IsRead), left)) return false;

            var before = ends;
            ends = FinalRead.Ends(_run);
            if (ends.All(end => end.Value == before[end.Key])) return true;
        }
    }

    private string Describe(KeyValuePair<int, long> end) =>
        $"partition {end.Key} to {end.Value}: {ReaderName} is at {_reader.NextOf(end.Key)}, {string.Join(", ", _members.Select(member => $"{member.Name} at {member.NextOf(end.Key)}"))}";

    private bool IsRead(KeyValuePair<int, long> end) => _reader.NextOf(end.Key) >= end.Value && _members.Max(member => member.NextOf(end.Key)) >= end.Value;
}
