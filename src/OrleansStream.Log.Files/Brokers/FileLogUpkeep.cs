using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>What a <see cref="FileLog"/> lets go of, and what it does so with: expired records, deleted topics, old WAL files, objects that nobody needs.</summary>
internal sealed class FileLogUpkeep : IAsyncDisposable
{
    private static readonly TimeSpan ReserveInterval = TimeSpan.FromSeconds(10);

    // The splitter reads each file once, from its start to its end: the window at hand and the next are all that it needs, and the page cache is no help.
    // Short direct reads hold up a flush for 0.1 ms, buffered ones for up to 14 ms (docs/adr/0010-background-work.md).
    private static readonly WalReaderOptions ReadOnce = new() { CacheBytes = Limits.MiB, WindowBytes = 256 * Limits.KiB, MaxWindowBytes = 256 * Limits.KiB, Direct = true };

    private readonly CancellationTokenSource _stopping = new();
    private readonly Upkeep _upkeep;
    private readonly UpkeepMetrics? _metrics;
    private readonly Func<Task> _tendReserve;
    private readonly FileLogSetup _setup;
    private readonly DedicatedThreadScheduler _thread;
    private readonly WalReader _reader;
    private Task _running = Task.CompletedTask;

    public FileLogUpkeep(FileLogSetup setup, IManifestStore manifests, FileLogUpkeepParts parts)
    {
        _setup = setup;
        _tendReserve = parts.TendReserve;
        _thread = parts.Thread;
        _reader = new WalReader(setup.Directory.Disk, parts.Files, parts.Slabs, ReadOnce, _thread);
        var pending = Pending = new PendingObjects(manifests, parts.Editor, parts.Objects, parts.Handles, setup.Time) { OnFailed = setup.Note };
        var usage = new WalUsage(parts.Files, setup.Lane, () => parts.CurrentLane().Session);
        var splitter = new Splitter(new SplitterParts
        {
            Store = manifests,
            Manifests = parts.Editor,
            Objects = parts.Objects,
            Extents = _reader,
            Slabs = parts.Slabs,
            Handles = parts.Handles,
            CurrentLane = parts.CurrentLane,
            Open = parts.Open,
            IsOpening = parts.IsOpening,
            Random = setup.Random,
            Time = setup.Time,
            Space = () => setup.Directory.Disk.FreeBytes - setup.Lane.ReserveBytes,
            MayRest = () => !usage.IsNearCap,
            Segments = setup.Segments,
            Options = setup.Split,
            OnFailed = (partition, error) => setup.Note($"Partition {partition} could not be moved out of an old WAL file, which stays.", error),
        });
        var producers = new ProducerSnapshots(parts.Editor, parts.Objects, pending, setup.Random);
        Mover = new LogStartMover(parts.Editor, pending, producers);
        Deletion = new PartitionDeletion(parts.Editor, parts.Handles, parts.CurrentLane, pending, parts.IsOpening);
        _metrics = setup.Meters is { } meters ? new UpkeepMetrics(meters, splitter, pending) : null;
        _upkeep = new Upkeep(new UpkeepParts
        {
            Store = manifests,
            Handles = parts.Handles,
            CurrentLane = parts.CurrentLane,
            Wal = new WalPartUpkeep(usage, splitter, parts.CurrentLane, parts.CloseSessions, setup.Time),
            Retention = new PartitionRetention(Mover, setup.Time),
            Producers = producers,
            Pending = pending,
            Sweep = new ObjectSweep(new SweepParts(manifests, parts.Editor, parts.Objects, setup.ConfirmTopic, parts.CurrentLane), pending, setup.Time),
            CloseSessions = parts.CloseSessions,
            SettingsOf = setup.SettingsOf,
            Open = parts.Open,
            ClosesWhenIdle = setup.ClosesWhenIdle,
            Time = setup.Time,
            Options = setup.Upkeep,
            Metrics = _metrics,
            Note = setup.Note,
            OnFailed = setup.Note,
        });
    }

    public LogStartMover Mover { get; }

    public PartitionDeletion Deletion { get; }

    public PendingObjects Pending { get; }

    public void Start() => _running = Task.Factory.StartNew(
        () => Task.WhenAll(_upkeep.RunAsync(_stopping.Token), TendReserveAsync()), CancellationToken.None, TaskCreationOptions.DenyChildAttach, _thread).Unwrap();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        try
        {
            await _running;
        }
        finally
        {
            _reader.Dispose();
            _metrics?.Dispose();
            _stopping.Dispose();
        }
    }

    private async Task TendReserveAsync()
    {
        while (true)
        {
            try
            {
                await Task.Delay(ReserveInterval, _setup.Time, _stopping.Token);
                await _tendReserve();
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                _setup.Note("The disk reserve could not be looked after; it is tried again.", error);
            }
        }
    }
}

/// <summary>What <see cref="FileLogUpkeep"/> takes of its log.</summary>
internal sealed record FileLogUpkeepParts
{
    public required ManifestEditor Editor { get; init; }

    public required IObjectStore Objects { get; init; }

    public required HandleTable Handles { get; init; }

    public required Func<ILane> CurrentLane { get; init; }

    public required Blocks.SlabPool Slabs { get; init; }

    public required WalFiles Files { get; init; }

    /// <summary>Where all of it runs.</summary>
    public required DedicatedThreadScheduler Thread { get; init; }

    public required Func<PartitionId, CancellationToken, ValueTask<PartitionHandle?>> Open { get; init; }

    /// <summary>Whether an open of the partition is under way.</summary>
    public required Func<PartitionId, bool> IsOpening { get; init; }

    public required Func<CancellationToken, Task> CloseSessions { get; init; }

    /// <summary>Takes back what is missing of the disk reserve.</summary>
    public required Func<Task> TendReserve { get; init; }
}
