using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>A lane on blobs with the thread that seals its blocks. To be disposed when <see cref="ILane.Ended"/> has completed; a new session gets a new one.</summary>
public sealed class BlobLane : IRunningLane, IAsyncDisposable
{
    private readonly AutoResetEvent _wake = new(false);
    private readonly TaskCompletionSource _writerEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly BlobLaneStore _store;

    private BlobLane(BlobLaneSetup store, Func<ILaneStore, Action, LaneSetup> setup)
    {
        _store = new BlobLaneStore(store with { Wake = Wake });
        Lane = new Lane(setup(_store, Wake));
    }

    /// <summary>What appends and waits.</summary>
    public Lane Lane { get; }

    /// <summary>Starts the lane. Nothing is written before the first frame.</summary>
    /// <param name="store">Which container and session; its <see cref="BlobLaneSetup.Wake"/> is replaced.</param>
    /// <param name="setup">Makes the lane's setup from the store and from what wakes the writer.</param>
    public static BlobLane Start(BlobLaneSetup store, Func<ILaneStore, Action, LaneSetup> setup)
    {
        var lane = new BlobLane(store, setup);
        new Thread(lane.Run) { IsBackground = true, Name = "lane writer" }.Start();
        return lane;
    }

    /// <summary>Ends the lane if it still lives, without publishing anything more, and waits for what is on its way.</summary>
    public async ValueTask DisposeAsync()
    {
        Lane.Abort(new LaneEnd("The lane was closed.", null));
        await _writerEnded.Task;
        await _store.DisposeAsync();
        _wake.Dispose();
    }

    ValueTask IRunningLane.CloseAsync(bool isConcluded) => DisposeAsync();

    // A wake-up after the end finds nobody.
    private void Wake()
    {
        try
        {
            _wake.Set();
        }
        catch (ObjectDisposedException)
        {
        }
    }

    private void Run()
    {
        while (!Lane.IsWriterDone)
        {
            if (!Lane.WriteSealed() && !Lane.IsWriterDone) _wake.WaitOne(Lane.Pause);
        }

        _writerEnded.SetResult();
    }
}
