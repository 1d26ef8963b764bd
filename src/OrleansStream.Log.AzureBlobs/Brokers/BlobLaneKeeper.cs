using System.Collections.Concurrent;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>
/// Keeps one lane alive: a session has its record first, then its name in the broker registry, then its first block or claim. One that ended, because
/// storage was away for long or another broker took this one for dead, is followed by a new one, and what it held is found as any other broker would find it
/// (rule W3). Looks each second whether the process stood still (rule W2).
/// </summary>
public sealed class BlobLaneKeeper : LaneKeeper
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    // So many records of the trim point while the lane fills once: a restart reads that much more at the most.
    private const int TrimsOfLane = 16;

    private static readonly TimeSpan TrimInterval = TimeSpan.FromMinutes(1);

    private readonly BlobLogSetup _setup;
    private readonly ISessionStore _sessions;
    private readonly SlabPool _slabs;
    private readonly WorkBudget _budget;
    private readonly ILaneObserver _observer;
    private readonly LaneMetrics _metrics;
    private readonly ConcurrentDictionary<SessionId, byte> _ended = new();
    private SessionId? _begun;
    private SessionWatch? _watch;
    private Task _beating = Task.CompletedTask;

    internal BlobLaneKeeper(BlobLogSetup setup, ISessionStore sessions, SlabPool slabs, WorkBudget budget, (ILaneObserver Observer, LaneMetrics Metrics) watchers)
        : base(new LaneKeeperParts(setup.Time, setup.Random, setup.Scheduler, setup.Note) { StopEnds = setup.StopEnds })
    {
        _setup = setup;
        _sessions = sessions;
        _slabs = slabs;
        _budget = budget;
        (_observer, _metrics) = watchers;
    }

    /// <summary>Whether nothing may be served before the session's record was read: the process stood still (rule W2).</summary>
    public bool IsStalled => Volatile.Read(ref _watch) is { IsStalled: true };

    /// <summary>Told of a lane that took the place of one which has ended.</summary>
    internal Action? Replaced { get; set; }

    /// <summary>Whether the session is one of this process, and over.</summary>
    public bool HasEnded(SessionId session) => _ended.ContainsKey(session);

    protected override async Task<IRunningLane> NewLaneAsync(CancellationToken cancellationToken)
    {
        // A session that could not be named is tried again under the same record, so that storage which is half away does not fill with records.
        var session = _begun ??= await SessionRecords.BeginAsync(_sessions, _setup.Registration.Broker, NewGuid, cancellationToken);
        await _setup.Registration.NameAsync(session, cancellationToken);
        var watch = new SessionWatch(session, _sessions, _setup.Time);
        var lane = StartLane(session, watch);
        Volatile.Write(ref _watch, watch);
        _begun = null;
        if (_beating.IsCompleted) _beating = Task.Factory.StartNew(BeatAsync, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _setup.Scheduler).Unwrap();
        return lane;
    }

    protected override void OnEnded(Lane ended) => _ended[ended.Session] = 0;

    protected override void OnReplaced() => Replaced?.Invoke();

    protected override bool IsFinal(Exception failure) => failure is BrokerReplacedException;

    protected override async ValueTask OnStoppedAsync() => await _beating;

    private IRunningLane StartLane(SessionId session, SessionWatch watch) => _setup.StartLane(
        new BlobLaneSetup
        {
            Container = _setup.Container,
            Session = session,
            ClusterGeneration = _setup.ClusterGeneration,
            Undecided = _setup.Undecided,
            Depth = _setup.Lane.Depth,
            Watch = watch,
            Budget = _budget,
        },
        (store, wake) => new LaneSetup
        {
            Session = session,
            ClusterGeneration = _setup.ClusterGeneration,
            Store = store,
            Sessions = _sessions,
            ClosedEpochs = ClosedEpochs,
            Slabs = _slabs,
            Time = _setup.Time,
            Random = new Random(NewGuid().GetHashCode()),
            Dispatcher = _setup.Scheduler,
            WakeWriter = wake,
            Observer = _observer,
            Metrics = _metrics,
            MaxOpenBytes = _setup.Lane.MaxOpenBytes,
            BlockBytes = _setup.Lane.BlockBytes,
            TrimInterval = TrimInterval,
            TrimBytes = _setup.Unsplit.LaneBytes / TrimsOfLane,
            Linger = LaneLinger.From(_setup.Linger, LaneLinger.OfBlobs),
            Budget = _setup.Ledger?.Budget,
        });

    private async Task BeatAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Beat, _setup.Time, Stopping);
                if (Volatile.Read(ref _watch) is { } watch && !watch.TryBeat()) await FindOutAsync(watch);
            }
        }
        catch (OperationCanceledException) when (Stopping.IsCancellationRequested)
        {
        }
    }

    private async Task FindOutAsync(SessionWatch watch)
    {
        try
        {
            await watch.ConfirmAsync(Stopping);
        }
        catch (SessionEndedException ended)
        {
            if (Current.Session == ended.Session) Current.Abort(new LaneEnd(ended.Message, ended));
        }
        catch (LogException error)
        {
            // Storage is away: cached bytes could be served for longer than they are this broker's. The next second asks again.
            _setup.Note("This broker stood still, and could not find out whether its session goes on; it serves nothing until it has.", error);
        }
    }
}
