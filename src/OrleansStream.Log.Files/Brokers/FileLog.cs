using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Objects;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>The log of one broker on a data directory: recovery, the lane of the current session, and the partitions that are open on it.</summary>
public sealed class FileLog : IBrokerLog, IAsyncDisposable
{
    private readonly FileLogThreads _threads;
    private readonly MetadataJournal _metadata;
    private readonly FileLaneRecovery _recovery;
    private readonly WalReader _reader;
    private readonly FileLaneKeeper _lanes;
    private readonly PartitionOpenings _opening;
    private readonly PartitionOpenerParts _openerParts;
    private readonly ManifestEditor _manifests;
    private readonly FileLogUpkeep _upkeep;
    private readonly FileLogSetup _setup;
    private readonly DiskReserve _reserve;
    private readonly FileLogMetrics _metrics = new();
    private readonly PartitionFaults _faults;

    private FileLog(FileLogSetup setup, FileLogThreads threads, FileLogStores stores)
    {
        var (disk, metadata, recovery, files) = stores;
        _setup = setup;
        _faults = new PartitionFaults(setup.Time, setup.NameOf, setup.NoteFault);
        _threads = threads;
        _metadata = metadata;
        _recovery = recovery;
        _reserve = disk.Reserve;
        Slabs = new SlabPool();
        Tail = new TailCache(setup.TailCache, error => setup.Note("The owner of a frame failed where it must not.", error));
        _reader = new WalReader(setup.Directory.Disk, files, Slabs, setup.ColdReads, threads.Reads);
        _lanes = new FileLaneKeeper(setup, metadata.Sessions, (files, disk.Reserve), Slabs, (Tail, _metrics));
        var objects = FileObjectStore.Open(disk, threads.Objects);
        _manifests = new ManifestEditor(metadata.Manifests, setup.Random, setup.Time);
        Journals = new JournalParts { Objects = objects, Manifests = _manifests, Random = setup.Random, Options = setup.Journals };
        _openerParts = new PartitionOpenerParts
        {
            Manifests = metadata.Manifests,
            CurrentLane = () => _lanes.Current,
            Recovered = recovery,
            Handles = Handles,
            Serving = new ServingParts
            {
                Extents = new ExtentReader(_reader, new SegmentReader(objects, Slabs, setup.Segments)),
                Tail = Tail,
                Time = setup.Time,
                Validation = setup.Validation,
                OnReadFailed = _faults.OnNotRead,
                OnUnreadable = (partition, what) => setup.Note($"Partition {partition}, time lookup: {what}", null),
            },
            Objects = objects,
            ConfirmTopic = setup.ConfirmTopic,
            Random = setup.Random,
            Time = setup.Time,
            Producers = setup.Producers,
        };
        _opening = Openings();
        var cleaning = new JournalCleaning(new JournalCleaningParts
        {
            Journal = metadata,
            Recovery = recovery,
            Disk = disk,
            Scheduler = threads.Objects,
            IsOpening = _opening.Contains,
            ConfirmTopic = setup.ConfirmTopic,
            Time = setup.Time,
        });
        _upkeep = new FileLogUpkeep(setup, metadata.Manifests, new FileLogUpkeepParts
        {
            Editor = _manifests,
            Objects = objects,
            Handles = Handles,
            CurrentLane = () => _lanes.Current,
            Slabs = Slabs,
            Files = files,
            Thread = threads.Upkeep,
            Open = async (partition, cancellationToken) => (await OpenAsync(partition, setup.SettingsOf(partition) ?? new PartitionSettings { Deletes = false }, cancellationToken)).Handle,
            IsOpening = _opening.Contains,
            CloseSessions = async cancellationToken =>
            {
                await recovery.CloseUnneededAsync(cancellationToken);
                await cleaning.RunIfDueAsync(cancellationToken);
            },
            TendReserve = () => disk.Reserve.IsShort
                ? Task.Factory.StartNew(disk.Reserve.Restore, CancellationToken.None, TaskCreationOptions.DenyChildAttach, threads.Objects)
                : Task.CompletedTask,
        });
    }

    public HandleTable Handles => _lanes.Handles;

    public JournalParts Journals { get; }

    /// <summary>Memory of blocks: what is out and what is kept.</summary>
    public SlabPool Slabs { get; }

    public TailCache Tail { get; }

    /// <summary>The lane of the current session; a new one after each that ended.</summary>
    public FileLaneKeeper Lanes => _lanes;

    /// <summary>Whether this log can serve. Asks the disk for its free space; may be called at any time.</summary>
    public LogHealth Health
    {
        get
        {
            var gap = _lanes.Gap;
            if (gap > LogHealth.LongestGap) return new LogHealth(false, $"For {gap.TotalSeconds:0} s the disk has refused a new session of the log: nothing can be produced or opened until it takes one.");
            var full = IsFull ? "The disk is full: it has no room for another WAL file beside the reserve, so producers are refused once the open one is used up, until space returns." : null;
            var trouble = string.Join(' ', new[] { full, _faults.Trouble }.OfType<string>());
            return new LogHealth(true, trouble.Length > 0 ? trouble : null);
        }
    }

    // Whether the next WAL file would be refused. What cannot be told is no news: a disk that fails says so elsewhere.
    private bool IsFull
    {
        get
        {
            try
            {
                return _setup.Directory.Disk.FreeBytes < _setup.Lane.FileBytes + Math.Max(0, _setup.Lane.ReserveBytes - _reserve.Bytes);
            }
            catch (DiskException)
            {
                return false;
            }
        }
    }

    /// <summary>Recovers what earlier processes left, and begins a session.</summary>
    /// <exception cref="LogException">Acknowledged data is damaged, or the disk failed. The message names file and byte; nothing was changed.</exception>
    public static async Task<FileLog> StartAsync(FileLogSetup setup, CancellationToken cancellationToken)
    {
        var threads = new FileLogThreads();
        var started = setup.Time.GetTimestamp();
        MetadataJournal? metadata = null;
        FileLog? log = null;
        try
        {
            var disk = new ReservedDisk(setup.Directory.Disk, DiskReserve.Open(setup.Directory.Disk, setup.Lane.ReserveBytes));
            var files = new WalFiles();
            metadata = MetadataJournal.Open(disk, new MetadataJournalOptions { Scheduler = threads.Metadata, Time = setup.Time });
            var recovery = await FileLaneRecovery.StartAsync(
                new FileLaneRecoverySetup { Disk = disk, Sessions = metadata.Sessions, Manifests = metadata.Manifests, Files = files, Scheduler = threads.Reads, Time = setup.Time, ReadGrace = TimeSpan.Zero }, cancellationToken);
            log = new FileLog(setup, threads, new FileLogStores(disk, metadata, recovery, files));
            await log._lanes.BeginAsync(cancellationToken);
            log._metrics.Observe(log, setup, new FileLogSources(setup.Time.GetElapsedTime(started), files, disk.Reserve, log._reader, () => log._opening.Count, () => log._faults.Damaged));
            log._upkeep.Start();
            return log;
        }
        catch (Exception error)
        {
            if (log is not null)
            {
                await log.DisposeAfterFailureAsync();
            }
            else
            {
                if (metadata is not null) await metadata.DisposeAsync();
                threads.Dispose();
            }

            if (error is DiskFullException full) throw NoSpace(setup, full);
            throw;
        }
    }

    // What is reserved in WAL files cannot help: nothing there may be given back before a new file of the metadata journal stands (rules F3, F8).
    private static DataDirectoryException NoSpace(FileLogSetup setup, DiskFullException error)
    {
        var needed = MetadataJournal.SpaceForStart(setup.Directory.Disk) + Limits.MaxBlockBytes + Limits.MiB;
        var mebibytes = (needed + Limits.MiB - 1) / Limits.MiB;
        return new DataDirectoryException(
            setup.Directory.Path,
            $"The disk of the data directory '{setup.Directory.Path}' is full, and nothing is left of the space that the broker keeps there for itself: free {mebibytes} MiB on that disk, but nothing inside the directory, and start again ({error.Message.TrimEnd('.')}).",
            error);
    }

    public LeaderEpoch? EpochOf(PartitionId partition) => _metadata.Find(JournalKey.Of(partition)) is { } entry ? ManifestCodec.ReadEpoch(entry.Payload) : null;

    public ValueTask<long> SizeOfAsync(PartitionId partition, CancellationToken cancellationToken) => ClosedLog.SizeAsync(partition, _openerParts, cancellationToken);

    public (long TotalBytes, long UsableBytes) Volume
    {
        get
        {
            try
            {
                return (_setup.Directory.Disk.TotalBytes, _setup.Directory.Disk.FreeBytes);
            }
            catch (DiskException)
            {
                return (-1, -1);
            }
        }
    }

    public bool HasLog(PartitionId partition) => _metadata.Find(JournalKey.Of(partition)) is not null;

    public ValueTask<OpenedHandle> OpenAsync(PartitionId partition, PartitionSettings settings, CancellationToken cancellationToken) =>
        _opening.OpenAsync(partition, settings, OpenApproach.AsksOwner, cancellationToken);

    public ValueTask<ErrorCode> MoveLogStartAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken) =>
        _upkeep.Mover.MoveAsync(handle, offset, cancellationToken);

    public async ValueTask DeleteAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        await _upkeep.Deletion.DeleteAsync(partition, cancellationToken);
        _faults.OnDeleted(partition);
    }

    /// <summary>Publishes what was accepted, records the end, and closes every file. Partitions are closed; the data directory stays locked by its owner.</summary>
    /// <exception cref="AggregateException">Steps of it failed; all others were taken, so that nothing stays locked or running.</exception>
    public async ValueTask DisposeAsync()
    {
        var failures = new List<Exception>();
        foreach (var step in StepsOfDisposal())
        {
            try
            {
                await step();
            }
            catch (Exception error)
            {
                failures.Add(error);
            }
        }

        if (failures.Count > 0) throw new AggregateException("The log did not end in order; what was acknowledged is safe.", failures);
    }

    private IEnumerable<Func<ValueTask>> StepsOfDisposal() =>
    [
        () => Now(_metrics.Dispose),
        _upkeep.DisposeAsync,
        _lanes.DisposeAsync,
        _metadata.DisposeAsync,
        () => Now(Tail.Clear),
        () => Now(_reader.Dispose),
        () => Now(_threads.Dispose),
    ];

    private static ValueTask Now(Action step)
    {
        step();
        return ValueTask.CompletedTask;
    }

    // Why the start failed is what its caller wants to know.
    private async ValueTask DisposeAfterFailureAsync()
    {
        try
        {
            await DisposeAsync();
        }
        catch (AggregateException error)
        {
            _setup.Note("What a failed start had begun could not be ended in order.", error);
        }
    }

    private PartitionOpenings Openings() => new(new PartitionOpener(_openerParts), new PartitionOpeningsParts
    {
        Handles = Handles,
        Faults = _faults,
        NextLane = _lanes.NextAsync,
        Scheduler = TaskScheduler.Default,
        OnOpened = OnOpened,
        OnEnded = partition => _upkeep.Deletion.OnOpened(partition),
    });

    // The claim may have dropped a snapshot.
    private void OnOpened(PartitionHandle handle)
    {
        if (!handle.Manifest.PendingDelete.IsEmpty) _upkeep.Pending.Watch(handle.Id);
    }
}
