using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>
/// The real lane over memory, moved by the test: nothing is written before <see cref="Write"/>, nothing published before <see cref="Dispatch"/>.
/// <code>
/// var lane = new SteppedLane(parts);
/// handle.Append(batch, context, completion, 0);   // accepted, not durable
/// lane.Publish();                                 // durable and told
/// </code>
/// </summary>
public sealed class SteppedLane
{
    private static int LastSession;

    private readonly StepScheduler _scheduler = new();

    /// <param name="slabs">Where blocks come from; its ledger says what is leased.</param>
    /// <param name="epochs">Shared by the lanes of one broker.</param>
    /// <param name="time">The clock.</param>
    /// <param name="observer">The tail cache, if there is one.</param>
    /// <param name="maxOpenBytes">After so many unpublished bytes appends are answered Full.</param>
    public SteppedLane(SlabPool slabs, ClosedEpochs epochs, TimeProvider time, ILaneObserver? observer = null, long maxOpenBytes = 32 * Limits.MiB)
    {
        var session = new SessionId(new BrokerId(1), new Guid(Interlocked.Increment(ref LastSession), 0, 0, new byte[8]));
        Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, null), null, CancellationToken.None).AsTask().Wait();
        Lane = new Lane(new LaneSetup
        {
            Session = session,
            Store = Store,
            Sessions = Sessions,
            ClosedEpochs = epochs,
            Slabs = slabs,
            Time = time,
            Random = new Random(1),
            Dispatcher = _scheduler,
            WakeWriter = static () => { },
            Observer = observer,
            MaxOpenBytes = maxOpenBytes,
        });
    }

    public Lane Lane { get; }

    public MemoryLaneStore Store { get; } = new();

    public MemorySessionStore Sessions { get; } = new();

    /// <summary>Writes everything that was accepted, and tells everybody.</summary>
    public void Publish()
    {
        Write();
        Dispatch();
    }

    /// <summary>Writes everything that was accepted; nobody knows yet.</summary>
    public void Write()
    {
        while (Lane.WriteSealed())
        {
        }
    }

    /// <summary>Tells the owners of what was written, or lost.</summary>
    public void Dispatch() => _scheduler.RunAll();

    /// <summary>The next write fails, and with it the lane; what was accepted and is not durable is lost.</summary>
    public void FailWrites() => Store.Failure = new DiskException("w/1", "fdatasync", 5, "input/output error");

    /// <summary>Ends the lane as a fence does: what is not durable by now is lost, and none of it was sent.</summary>
    public void Abort()
    {
        Lane.Abort(new LaneEnd("The session was fenced.", null));
        Publish();
    }

    /// <summary>The same while what was accepted is being written: it is lost to the lane, and stands in the store.</summary>
    /// <param name="meanwhile">What else happens in the middle of the write.</param>
    public void AbortInWrite(Action? meanwhile = null)
    {
        Store.OnWrite = () =>
        {
            meanwhile?.Invoke();
            Lane.Abort(new LaneEnd("The session was fenced.", null));
        };
        Publish();
    }
}
