using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>A lane on blobs whose writer is a task of its broker's scheduler instead of a thread.</summary>
internal sealed class DrivenLane : IRunningLane
{
    private readonly WorldScheduler _scheduler;
    private readonly TimeProvider _time;
    private readonly BlobLaneStore _store;
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ITimer? _pause;
    private int _isQueued;

    public DrivenLane(BlobLaneSetup store, Func<ILaneStore, Action, LaneSetup> setup, WorldScheduler scheduler, TimeProvider time)
    {
        (_scheduler, _time) = (scheduler, time);
        _store = new BlobLaneStore(store with { Wake = Wake });
        Lane = new Lane(setup(_store, Wake));
        Wake();
    }

    public Lane Lane { get; }

    public async ValueTask CloseAsync(bool isConcluded)
    {
        Lane.Abort(new LaneEnd("The lane was closed.", null));
        await _writerEnded.Task;
        await _store.DisposeAsync();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref _isQueued, 1) == 0) _scheduler.Post(Write);
    }

    private void Write()
    {
        Volatile.Write(ref _isQueued, 0);
        _pause?.Dispose();
        if (Lane.WriteSealed()) Wake();
        else if (Lane.IsWriterDone) _writerEnded.TrySetResult();
        else if (Lane.Pause != Timeout.InfiniteTimeSpan) _pause = _time.CreateTimer(_ => Wake(), null, Lane.Pause, Timeout.InfiniteTimeSpan);
    }
}
