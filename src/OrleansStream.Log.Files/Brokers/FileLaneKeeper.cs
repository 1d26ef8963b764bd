using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>
/// Keeps one lane alive: when it ends by a failed write or sync, its partitions close, its end is recorded, and a new session begins in a new file (rules
/// F1, F8). Partitions are then claimed anew by whoever asks for them.
/// </summary>
public sealed class FileLaneKeeper : LaneKeeper
{
    private readonly FileLogSetup _setup;
    private readonly ISessionStore _sessions;
    private readonly WalFiles _files;
    private readonly DiskReserve _reserve;
    private readonly SlabPool _slabs;
    private readonly TailCache _tail;
    private readonly FileLogMetrics _metrics;
    private SessionId? _begun;

    internal FileLaneKeeper(FileLogSetup setup, ISessionStore sessions, (WalFiles Files, DiskReserve Reserve) wal, SlabPool slabs, (TailCache Tail, FileLogMetrics Metrics) watchers)
        : base(new LaneKeeperParts(setup.Time, setup.Random, TaskScheduler.Default, setup.Note) { StopEnds = setup.StopEnds })
    {
        _setup = setup;
        _sessions = sessions;
        (_files, _reserve) = wal;
        _slabs = slabs;
        (_tail, _metrics) = watchers;
    }

    protected override async Task<IRunningLane> NewLaneAsync(CancellationToken cancellationToken)
    {
        // Its record before its first block and before any claim. A session that could not begin is tried again under the same record: a disk that
        // stays full for a day must not fill with records of it.
        var session = _begun ??= await SessionRecords.BeginAsync(_sessions, _setup.Directory.Identity.Broker, NewGuid, cancellationToken);
        var lane = StartLane(session);
        _begun = null;
        return lane;
    }

    // The old end is recorded before anything new begins: without it no partition of that session could be claimed before a restart.
    protected override async Task<bool> TryConcludeAsync(Lane ended)
    {
        try
        {
            await SessionRecords.EndAsync(_sessions, ended.Session, ended.PublishedEnd, CancellationToken.None);
            return true;
        }
        catch (Exception error)
        {
            // Should the process end before it is recorded, the next start finds the end by scanning.
            _setup.Note($"The end of session {ended.Session} could not be recorded.", error);
            return false;
        }
    }

    private FileLane StartLane(SessionId session) => FileLane.Start(
        new WalStoreSetup
        {
            Disk = _setup.Directory.Disk, Session = session, Options = _setup.Lane, Files = _files, Reserve = _reserve, Time = _setup.Time, Metrics = _metrics.Wal, Note = _setup.Note,
        },
        (store, wake) => new LaneSetup
        {
            Session = session,
            Store = store,
            Sessions = _sessions,
            ClosedEpochs = ClosedEpochs,
            Slabs = _slabs,
            Time = _setup.Time,
            Random = new Random(NewGuid().GetHashCode()),
            Dispatcher = TaskScheduler.Default,
            WakeWriter = wake,
            Observer = _tail,
            Metrics = _metrics.Lane,
            MaxOpenBytes = _setup.Lane.MaxOpenBytes,
            BlockBytes = _setup.Lane.BlockBytes,
            Linger = LaneLinger.From(_setup.Linger, LaneLinger.None),
            ReadGrace = TimeSpan.Zero, // Readers of a file are counted: it is deleted when the last one has left.
        });
}
