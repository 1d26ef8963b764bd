using System.Collections.Concurrent;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;

namespace OrleansStream.Log.Files.Wal;

/// <summary>
/// A lane on a disk with the threads that it needs: one that writes and syncs, and one that prepares and closes files (rule F6). To be disposed when
/// <see cref="ILane.Ended"/> has completed; a new session gets a new one.
/// </summary>
public sealed class FileLane : IRunningLane, IDisposable
{
    private readonly WalStore _store;
    // Not one that spins before it sleeps: on few cores the writer would take the time of those who fill its next block.
    private readonly AutoResetEvent _wake = new(false);
    private readonly BlockingCollection<Action> _chores = [];
    private readonly Thread _writer;
    private readonly Thread _choreThread;
    private readonly Lock _early = new();
    private Exception? _earlyFailure;
    private readonly bool _isBuilt;

    private FileLane(WalStoreSetup store, Func<WalStore, Action, LaneSetup> setup)
    {
        _choreThread = new Thread(RunChores) { IsBackground = true, Name = "lane files" };
        _writer = new Thread(Run) { IsBackground = true, Name = "lane writer" };
        _choreThread.Start();
        WalStore? made = null;
        try
        {
            _store = made = new WalStore(store with { RunApart = RunApart });
            Lane = new Lane(setup(made, Wake));
            made.OnSpace = Lane.OnSpace;
        }
        catch
        {
            _chores.CompleteAdding();
            _choreThread.Join();
            made?.Dispose();
            throw;
        }

        // What failed before there was a lane to end.
        lock (_early) _isBuilt = true;
        if (_earlyFailure is { } failure) OnChoreFailed(failure);
    }

    /// <summary>What appends and waits.</summary>
    public Lane Lane { get; }

    /// <summary>Creates the session's first file and starts the lane.</summary>
    /// <param name="store">Which disk, session and options; its <see cref="WalStoreSetup.RunApart"/> is replaced by a thread.</param>
    /// <param name="setup">Makes the lane's setup from the store and from what wakes the writer.</param>
    /// <exception cref="Storage.DiskException">The first file could not be made.</exception>
    public static FileLane Start(WalStoreSetup store, Func<WalStore, Action, LaneSetup> setup)
    {
        var lane = new FileLane(store, setup);
        lane._writer.Start();
        return lane;
    }

    /// <summary>Ends the lane if it still lives, without publishing anything more, and closes its files.</summary>
    public void Dispose()
    {
        Lane.Abort(new LaneEnd("The lane was closed.", null));
        _writer.Join();
        _chores.CompleteAdding();
        _choreThread.Join();
        _store.Dispose();
        _chores.Dispose();
        _wake.Dispose();
    }

    // Before the end is recorded, what the files take beyond the blocks may still tell where it is.
    ValueTask IRunningLane.CloseAsync(bool isConcluded)
    {
        Dispose();
        if (isConcluded) GiveBack();
        return ValueTask.CompletedTask;
    }

    /// <summary>Gives back what the files take beyond the session's blocks. After <see cref="Dispose"/>, once the end of the session is recorded.</summary>
    public void GiveBack() => _store.GiveBack();

    // What comes after the end (a file given up by a late trim) is left to the recovery of the session.
    private void RunApart(Action work)
    {
        try
        {
            _chores.Add(work);
        }
        catch (InvalidOperationException)
        {
        }
    }

    // More wake-ups than one are one: the writer looks at everything each time. A wake-up after the end finds nobody.
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
    }

    private void RunChores()
    {
        foreach (var chore in _chores.GetConsumingEnumerable())
        {
            try
            {
                chore();
            }
            catch (Exception error)
            {
                OnChoreFailed(error);
            }
        }
    }

    // What a chore expects it handles itself. Anything else costs the lane, which is replaced, and not the process.
    private void OnChoreFailed(Exception error)
    {
        lock (_early)
        {
            _earlyFailure ??= error;
            if (!_isBuilt) return;
        }

        Lane.Abort(new LaneEnd("Work on its files failed.", error));
    }
}
