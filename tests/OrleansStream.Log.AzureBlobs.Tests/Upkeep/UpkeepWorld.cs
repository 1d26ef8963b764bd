using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Manifests;
using OrleansStream.Log.AzureBlobs.Objects;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Tests.Brokers;
using OrleansStream.Log.AzureBlobs.Upkeep;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>
/// Brokers with all their background work over one simulated container, on the test's thread: time goes by where the test says so, a second at a time, and
/// everything that is due is done in it. What was acknowledged is written down, to be compared with what can be read.
/// </summary>
internal sealed class UpkeepWorld : IDisposable
{
    public const int Generation = 3;

    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    private readonly List<UpkeepBroker> _brokers = [];
    private readonly Dictionary<PartitionId, List<string>> _acknowledged = [];
    private readonly Dictionary<PartitionId, PartitionSettings> _settings = [];
    private readonly StringBuilder _value = new();
    private readonly Random _chance;

    /// <param name="seed">For all chance.</param>
    /// <param name="container">Null for a simulated one. Each call must have completed when it returns.</param>
    public UpkeepWorld(int seed = 1, IBlobContainer? container = null)
    {
        Seed = seed;
        _chance = new Random(seed);
        Blobs = new SimulatedBlobs(Time);
        Container = container ?? Blobs;
        Manifests = new BlobManifestStore(Container, Generation);
        var undecided = new UndecidedPuts(Time, _chance, Step, TimeSpan.FromMinutes(1));
        Sessions = new BlobSessionStore(Container, undecided, Generation);
        Objects = new BlobObjectStore(Container, undecided);
    }

    public int Seed { get; }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.FromUnixTimeMilliseconds(BatchBuilder.DefaultTimestamp));

    /// <summary>The container, if the test gave none.</summary>
    public SimulatedBlobs Blobs { get; }

    public IBlobContainer Container { get; }

    public IManifestStore Manifests { get; }

    public ISessionStore Sessions { get; }

    public IObjectStore Objects { get; }

    public HashSet<TopicId> DeletedTopics { get; } = [];

    public MergeOptions Merge { get; init; } = new() { SmallBytes = 0 };

    /// <summary>Of each broker's lane. Small blocks unless set, of which a test needs few bytes to fill many.</summary>
    public BlobLaneOptions Lane { get; init; } = new() { MaxOpenBytes = Limits.MaxBlockBytes, BlockBytes = 64 * Limits.KiB };

    public UnsplitOptions Unsplit { get; init; } = new() { PartitionBytes = 256 * Limits.KiB, LaneBytes = 16 * Limits.MiB };

    public SegmentOptions Cut { get; init; } = new() { MaxBytes = Limits.MiB, IndexIntervalBytes = 4 * Limits.KiB };

    public bool SweepOnlyReports { get; init; }

    /// <summary>Of each broker's tail cache. The least there can be: what is split is read from the container.</summary>
    public long TailBytes { get; init; } = Limits.MaxBlockBytes;

    /// <summary>By rising number.</summary>
    public IEnumerable<UpkeepBroker> Living => _brokers.Where(static broker => !broker.IsDead).OrderBy(static broker => broker.Number);

    /// <summary>Names of blocks and fences.</summary>
    public IReadOnlyList<string> Slots => Names("w/");

    public IReadOnlyList<string> Segments => Names("p/");

    public static PartitionId PartitionOf(int index, int topic = 7) => new(new TopicId(new Guid(topic, 0, 0, new byte[8])), index);

    public IReadOnlyList<string> Names(string prefix) => [.. List(prefix).Select(static blob => blob.Name)];

    /// <summary>Blocks of one session that are there; its fences are not counted.</summary>
    public int BlocksOf(SessionId session) => List(BlobNames.BlocksOf(session)).Count(static blob => !ClosedSessions.IsFence(blob));

    public UpkeepBroker Start(int number)
    {
        var broker = new UpkeepBroker(this, number, _brokers.Count + 1);
        _brokers.Add(broker);
        Wait(broker.Scheduler.Start(broker.StartAsync));
        foreach (var other in Living) other.Log.Shared.OnMembershipChanged();
        return broker;
    }

    /// <summary>A broker is gone at once, and membership says so.</summary>
    public void Kill(UpkeepBroker broker)
    {
        broker.Kill();
        foreach (var other in Living) other.Log.Shared.OnMembershipChanged();
    }

    public PartitionSettings? SettingsOf(PartitionId partition) => DeletedTopics.Contains(partition.Topic) ? null : _settings.GetValueOrDefault(partition, new PartitionSettings());

    public void Configure(PartitionId partition, PartitionSettings settings) => _settings[partition] = settings;

    public UpkeepBroker PlacedOn(PartitionId partition) => Living.ElementAt(partition.Index % Living.Count());

    public async ValueTask<SessionStanding> StandingOfAsync(IBrokerRegistry registry, SessionId session, CancellationToken cancellationToken)
    {
        var stored = await registry.GetAsync(session.Broker, cancellationToken);
        if (stored?.Record.Session != session) return SessionStanding.Unknown;
        return _brokers.Any(broker => broker.Silo == stored.Record.SiloAddress && !broker.IsDead) ? SessionStanding.Lives : SessionStanding.Ended;
    }

    public PartitionHandle Open(UpkeepBroker broker, PartitionId partition)
    {
        var opened = Wait(broker.OpenAsync(partition));
        Assert.True(opened.Error == ErrorCode.None, $"{opened.Error}. {string.Join('\n', broker.Notes.TakeLast(5))}");
        return opened.Handle!;
    }

    /// <summary>Appends batches of one record, each to a block of its own or not as it comes, and waits until all are acknowledged.</summary>
    public void Append(UpkeepBroker broker, PartitionId partition, int batches, int valueBytes = 20, long? timestamp = null)
    {
        var handle = Open(broker, partition);
        if (!_acknowledged.TryGetValue(partition, out var values)) _acknowledged[partition] = values = [];
        for (var i = 0; i < batches; i++)
        {
            var value = NewValue($"{partition.Index}:{values.Count}:", valueBytes);
            var completion = new Completion();
            var batch = new BatchBuilder().At(timestamp ?? Time.GetUtcNow().ToUnixTimeMilliseconds()).Record(value).Build();
            Wait(broker.Scheduler.Start(() => Task.FromResult(handle.Append(batch, new AppendContext(ZstdAllowed: true), completion, 0))));
            var outcome = Wait(completion.Task);
            Assert.Equal((ErrorCode.None, values.Count), (outcome.Error, (int)outcome.BaseOffset.Value));
            values.Add(value);
        }
    }

    /// <summary>Appends batches of one record at the same time, so that they share blocks, and waits until all are acknowledged.</summary>
    public void AppendTogether(UpkeepBroker broker, IReadOnlyList<(PartitionId Partition, int ValueBytes)> batches)
    {
        var appends = new List<(PartitionHandle Handle, byte[] Batch, Completion Completion)>();
        foreach (var (partition, valueBytes) in batches)
        {
            if (!_acknowledged.TryGetValue(partition, out var values)) _acknowledged[partition] = values = [];
            values.Add(NewValue($"{partition.Index}:{values.Count}:", valueBytes));
            appends.Add((Open(broker, partition), new BatchBuilder().At(Time.GetUtcNow().ToUnixTimeMilliseconds()).Record(values[^1]).Build(), new Completion()));
        }

        Wait(broker.Scheduler.Start(() => Task.FromResult(appends.Count(one => one.Handle.Append(one.Batch, new AppendContext(ZstdAllowed: true), one.Completion, 0) == AppendStatus.Begun))));
        foreach (var (_, _, completion) in appends) Assert.Equal(ErrorCode.None, Wait(completion.Task).Error);
    }

    /// <summary>Appends one batch through whatever storage does to it: where the lane was lost, what the next one has of the partition tells whether it stands.</summary>
    public void AppendUntilAcknowledged(UpkeepBroker broker, PartitionId partition, int valueBytes)
    {
        if (!_acknowledged.TryGetValue(partition, out var values)) _acknowledged[partition] = values = [];
        var value = NewValue($"{partition.Index}:{values.Count}:", valueBytes);
        for (var tries = 0; ; tries++)
        {
            Assert.True(tries < 1_000, $"Partition {partition} takes nothing.");
            if (Wait(broker.OpenAsync(partition)).Handle is not { } handle)
            {
                Pass(Step);
                continue;
            }

            if (handle.HighWatermark.Value > values.Count)
            {
                values.Add(value);
                return;
            }

            var completion = new Completion();
            var batch = new BatchBuilder().At(Time.GetUtcNow().ToUnixTimeMilliseconds()).Record(value).Build();
            if (Wait(broker.Scheduler.Start(() => Task.FromResult(handle.Append(batch, new AppendContext(ZstdAllowed: true), completion, 0)))) != AppendStatus.Begun) continue;
            if (Wait(completion.Task).Error != ErrorCode.None) continue;
            values.Add(value);
            return;
        }
    }

    /// <summary>Reads every partition from its log start to its end: what stands there is what was acknowledged, at the same offsets.</summary>
    /// <param name="broker">Opens what is not open on it.</param>
    public void AssertAllIsThere(UpkeepBroker broker)
    {
        foreach (var partition in _acknowledged.Keys) Assert.Equal(_acknowledged[partition].Count, (int)AssertIsThere(broker, partition).HighWatermark.Value);
    }

    public PartitionHandle AssertIsThere(UpkeepBroker broker, PartitionId partition)
    {
        var handle = Open(broker, partition);
        var (expected, start) = (_acknowledged[partition], (int)handle.LogStart.Value);
        Assert.Equal(expected.Skip(start), Wait(broker.Scheduler.Start(() => ReadAsync(handle))));
        return handle;
    }

    public Manifest ManifestOf(PartitionId partition) => Manifests.GetAsync(partition, CancellationToken.None).AsTask().GetAwaiter().GetResult()!.Manifest;

    /// <summary>The names of all segments that a partition's manifest has.</summary>
    public IEnumerable<string> SegmentsIn(PartitionId partition) => ManifestOf(partition).Extents.OfType<SegmentExtent>().Select(static extent => extent.Name);

    /// <summary>Lets time go by.</summary>
    public void Pass(TimeSpan span) => Pass(span, Step);

    /// <summary>Lets much time go by, in longer steps. Brokers stand still meanwhile, and must find out whether their sessions go on.</summary>
    public void Pass(TimeSpan span, TimeSpan step)
    {
        RunAll();
        for (var left = span; left > TimeSpan.Zero; left -= step)
        {
            Time.Advance(left < step ? left : step);
            RunAll();
        }
    }

    /// <summary>Lets time go by until something is so.</summary>
    public void PassUntil(Func<bool> isSo, TimeSpan atMost)
    {
        RunAll();
        for (var left = atMost; !isSo(); left -= Step)
        {
            Assert.True(left > TimeSpan.Zero, $"It was not so within {atMost}. {string.Join('\n', Living.SelectMany(static broker => broker.Notes.TakeLast(5)))}");
            Time.Advance(Step);
            RunAll();
        }
    }

    /// <summary>Runs everything until the task has an outcome. Waits of milliseconds pass meanwhile.</summary>
    public T Wait<T>(Task<T> task)
    {
        for (var waited = TimeSpan.Zero; ; waited += TimeSpan.FromMilliseconds(10))
        {
            RunAll();
            if (task.IsCompleted) return task.GetAwaiter().GetResult();
            Assert.True(waited < TimeSpan.FromMinutes(2), $"Nothing came of it. {string.Join('\n', Living.SelectMany(static broker => broker.Notes.TakeLast(5)))}");
            Time.Advance(TimeSpan.FromMilliseconds(10));
        }
    }

    public void Dispose()
    {
        foreach (var broker in Living.ToList())
        {
            // On the broker's own turns: what went on by the test's threads could wait for this one for ever. It hears of its end from the thread pool, in real time.
            var ending = broker.Scheduler.Start(async () =>
            {
                await broker.Log.DisposeAsync();
                return 0;
            });
            for (var began = Stopwatch.GetTimestamp(); !ending.IsCompleted;)
            {
                Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromMinutes(1), "The broker does not end.");
                RunAll();
                Time.Advance(TimeSpan.FromMilliseconds(10));
            }

            ending.GetAwaiter().GetResult();
            Assert.Equal(0, broker.Log.Slabs.Leases.Total);
        }
    }

    private IReadOnlyList<ListedBlob> List(string prefix) => Container.ListAsync(prefix, CancellationToken.None).ToBlockingEnumerable().ToList();

    private static async Task<List<string>> ReadAsync(PartitionHandle handle)
    {
        var values = new List<string>();
        for (var at = handle.LogStart; at < handle.HighWatermark;)
        {
            using var frames = new FrameList();
            var outcome = await handle.ReadAsync(new ReadRequest(at, Limits.MiB, AtLeastOne: true, Committed: false), frames, CancellationToken.None);
            Assert.Equal(ErrorCode.None, outcome.Error);
            Assert.True(frames.Count > 0, $"Nothing stands at {at}.");
            for (var index = 0; index < frames.Count; index++)
            {
                Assert.Equal(at, frames[index].Entry.BaseOffset);
                values.Add(ValueOf(frames[index].Bytes.Span));
                at = frames[index].Entry.LastOffset + 1;
            }
        }

        return values;
    }

    private static string ValueOf(ReadOnlySpan<byte> batch)
    {
        var records = new Model.Records.RecordReader(batch[RecordBatchLayout.Records..]);
        Assert.True(records.TryRead(out var record));
        return Encoding.UTF8.GetString(record.Value);
    }

    private string NewValue(string begin, int bytes)
    {
        _value.Clear().Append(begin);
        while (_value.Length < bytes) _value.Append((char)('a' + _chance.Next(26)));
        return _value.ToString();
    }

    private void RunAll()
    {
        while (Living.ToList().Aggregate(false, static (ran, broker) => broker.Scheduler.RunAll() | ran))
        {
        }
    }

    private sealed class Completion : TaskCompletionSource<AppendOutcome>, IAppendCompletion
    {
        public Completion()
            : base(TaskCreationOptions.RunContinuationsAsynchronously)
        {
        }

        public new Task<AppendOutcome> Task => base.Task;

        public void OnAppended(int token, in AppendOutcome outcome) => SetResult(outcome);
    }
}
