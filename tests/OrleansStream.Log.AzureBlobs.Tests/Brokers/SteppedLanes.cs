using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Runs a broker's background work and its lane's writer on the test's thread, when the test says so: nothing happens in between.</summary>
internal sealed class SteppedLanes
{
    private readonly StepScheduler _scheduler = new();
    private SteppedLane? _lane;

    /// <summary>The setup of a broker that does nothing by itself.</summary>
    public BlobLogSetup Drive(BlobLogSetup setup) => setup with
    {
        Scheduler = _scheduler,
        StartLane = (store, lane) => _lane = new SteppedLane(store, lane),
    };

    /// <summary>Does what there is to do without time going by.</summary>
    public void Run()
    {
        do
        {
            _scheduler.RunAll();
            while (_lane!.Lane.WriteSealed())
            {
            }
        }
        while (_scheduler.Waiting > 0);
    }

    /// <summary>Does what there is to do until something is done.</summary>
    public async Task<T> UntilAsync<T>(Task<T> task)
    {
        await Until.SoAsync(() => task.IsCompleted, Run);
        return await task;
    }

    /// <summary>As the other, of what has no result.</summary>
    public async Task UntilAsync(Task task) => await UntilAsync(task.ContinueWith(static done => done.IsCompletedSuccessfully ? 0 : throw done.Exception!, TaskScheduler.Default));

    private sealed class SteppedLane : IRunningLane
    {
        private readonly BlobLaneStore _store;

        public SteppedLane(BlobLaneSetup store, Func<ILaneStore, Action, LaneSetup> setup)
        {
            _store = new BlobLaneStore(store with { Wake = static () => { } });
            Lane = new Lane(setup(_store, static () => { }));
        }

        public Lane Lane { get; }

        public async ValueTask CloseAsync(bool isConcluded)
        {
            Lane.Abort(new LaneEnd("The lane was closed.", null));
            while (Lane.WriteSealed())
            {
            }

            await _store.DisposeAsync();
        }
    }
}
