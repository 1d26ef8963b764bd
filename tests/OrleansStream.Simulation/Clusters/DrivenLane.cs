using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Simulation.Clusters;

/// <summary>A lane on blobs whose writer is a task of its process instead of a thread.</summary>
internal sealed class DrivenLane : IRunningLane
{
    private readonly ProcessScheduler _scheduler;
    private readonly ProcessClock _time;
    private readonly ILaneStore _store;
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _pause;
    private bool _isQueued;

    /// <param name="newStore">Makes its store, given what wakes the writer.</param>
    /// <param name="newLane">Makes the lane over the store.</param>
    /// <param name="process">Whose lane it is.</param>
    public DrivenLane(Func<Action, ILaneStore> newStore, Func<ILaneStore, Action, Lane> newLane, (ProcessScheduler Scheduler, ProcessClock Time) process)
    {
        (_scheduler, _time) = process;
        _store = newStore(Wake);
        Lane = newLane(_store, Wake);
        Wake();
    }

    public Lane Lane { get; }

    public async ValueTask CloseAsync(bool isConcluded)
    {
        Lane.Abort(new LaneEnd("The lane was closed.", null));
        await _writerEnded.Task;
        await ((IAsyncDisposable)_store).DisposeAsync();
    }

    private void Wake()
    {
        if (_isQueued) return;
        _isQueued = true;
        _scheduler.Post(Write);
    }

    // One write at a time: others run in between, as beside a thread.
    private void Write()
    {
        _isQueued = false;
        _pause?.Dispose();
        if (Lane.WriteSealed())
        {
            Wake();
            return;
        }

        if (Lane.IsWriterDone) _writerEnded.TrySetResult();
        else if (Lane.Pause != Timeout.InfiniteTimeSpan) _pause = _time.CreateTimer(_ => Wake(), null, Lane.Pause, Timeout.InfiniteTimeSpan);
    }
}
