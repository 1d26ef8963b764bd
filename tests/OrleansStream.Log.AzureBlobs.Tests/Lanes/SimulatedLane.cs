using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>The real lane and store over the simulated container, moved by the test alone.</summary>
internal sealed class SimulatedLane : IAsyncDisposable
{
    private static readonly SessionId DefaultSession = new(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));

    private readonly StepScheduler _dispatcher = new();
    private readonly SlabPool _slabs = new();
    private BlobSessionStore? _sessions;

    /// <param name="blobs">Where the slots are.</param>
    /// <param name="depth">Blocks on their way at once.</param>
    /// <param name="pauses">Measures pauses and patience; null for time that passes by itself.</param>
    /// <param name="linger">How long frames wait for company; null for not at all.</param>
    public SimulatedLane(SimulatedBlobs? blobs = null, int depth = 4, TimeProvider? pauses = null, LaneLinger? linger = null)
    {
        Blobs = blobs ?? new SimulatedBlobs(Time);
        Undecided = new UndecidedPuts(pauses ?? Pauses, new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Store = new BlobLaneStore(new BlobLaneSetup
        {
            Container = Blobs,
            Session = Session,
            Undecided = Undecided,
            Depth = depth,
            Wake = () => Wakes++,
        });
        Lane = new Lane(new LaneSetup
        {
            Session = Session,
            Store = Store,
            Sessions = Sessions,
            ClosedEpochs = new ClosedEpochs(),
            Slabs = _slabs,
            Time = Time,
            Random = new Random(2),
            Dispatcher = _dispatcher,
            WakeWriter = () => Wakes++,
            Linger = linger ?? LaneLinger.None,
        });
        Partition = Lane.PartitionOf(LaneCalls.Partition(0));
    }

    public FakeTimeProvider Time { get; } = new();

    public EndlessPauses Pauses { get; } = new();

    public SimulatedBlobs Blobs { get; }

    public SessionId Session => DefaultSession;

    public UndecidedPuts Undecided { get; }

    public RecoverySetup Recovery => new() { Container = Blobs, Sessions = Sessions, Undecided = Undecided };

    public BlobLaneStore Store { get; }

    public Lane Lane { get; }

    /// <summary>The records of all sessions in the container.</summary>
    public ISessionStore Sessions => _sessions ??= new BlobSessionStore(Blobs, Undecided, clusterGeneration: 0);

    public LanePartition Partition { get; }

    public RecordingOwner Owner { get; } = new();

    public int Wakes { get; private set; }

    public IEnumerable<long> Published => Owner.Published.Select(frame => frame.Base.Value);

    public IEnumerable<long> Lost => Owner.Lost.Select(frame => (long)frame.State!);

    /// <summary>Of those the ones that the lane cannot say of whether they stand.</summary>
    public IEnumerable<long> InDoubt => Owner.Lost.Where(frame => frame.MayBeStored).Select(frame => (long)frame.State!);

    public string NameOf(long slot) => BlobNames.BlockOf(Session, new Slot(slot));

    /// <summary>Appends a frame and writes what can be written: a block of its own, as long as there is room.</summary>
    public void Append(params long[] offsets)
    {
        foreach (var offset in offsets)
        {
            Assert.Equal(EnqueueStatus.Accepted, Lane.Append(LaneCalls.Request(Partition, Owner, offset)));
            Run();
        }
    }

    /// <summary>Writes the session's record, as a broker does before anything else.</summary>
    public async ValueTask OpenAsync() => Assert.True(await Sessions.CompareAndSetAsync(new SessionRecord(Session, SessionState.Open, Slot.Zero, End: null), null, TestContext.Current.CancellationToken));

    /// <summary>Lets the writer and the dispatcher do what there is to do.</summary>
    public void Run()
    {
        while (Lane.WriteSealed())
        {
        }

        _dispatcher.RunAll();
    }

    /// <summary>A put gets on, and with it the lane.</summary>
    public void Release(long slot, BlobFault fault = BlobFault.None)
    {
        Blobs.Release(NameOf(slot), fault);
        Run();
    }

    public async ValueTask DisposeAsync()
    {
        Lane.Abort(new LaneEnd("The test is over.", null));
        Run();
        await Store.DisposeAsync();
        Assert.Equal(0, _slabs.Leases.Total);
        _slabs.Dispose();
    }

    /// <summary>Pauses pass at once; patience does not end.</summary>
    public sealed class EndlessPauses : FakeTimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime <= TimeSpan.FromSeconds(2) && dueTime >= TimeSpan.Zero) Advance(dueTime);
            return timer;
        }
    }
}
