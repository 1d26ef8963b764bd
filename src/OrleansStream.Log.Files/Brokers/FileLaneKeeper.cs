using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Brokers;

/// <summary>
/// Keeps one lane alive: when it ends by a failed write or sync, its partitions close, its end is recorded, and a new session begins in a new file (rules
/// F1, F8). Partitions are then claimed anew by whoever asks for them.
/// </summary>
public sealed class FileLaneKeeper : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly FileLogSetup _setup;
    private readonly ISessionStore _sessions;
    private readonly WalFiles _files;
    private readonly DiskReserve _reserve;
    private readonly SlabPool _slabs;
    private readonly TailCache _tail;
    private readonly FileLogMetrics _metrics;
    private readonly CancellationTokenSource _stopping = new();
    private FileLane? _lane;
    private SessionId? _begun;
    private Task _watch = Task.CompletedTask;
    private TaskCompletionSource<bool> _replaced = NewSignal();
    private readonly Lock _gapGate = new();
    private long? _endedAt;

    internal FileLaneKeeper(FileLogSetup setup, ISessionStore sessions, (WalFiles Files, DiskReserve Reserve) wal, SlabPool slabs, (TailCache Tail, FileLogMetrics Metrics) watchers)
    {
        _setup = setup;
        _sessions = sessions;
        (_files, _reserve) = wal;
        _slabs = slabs;
        (_tail, _metrics) = watchers;
    }

    /// <summary>The newest lane, ended or not.</summary>
    public Lane Current => Volatile.Read(ref _lane)!.Lane;

    /// <summary>How many lanes ended since the start; every one of them is a disk that failed.</summary>
    public int LanesLost { get; private set; }

    /// <summary>How long there has been no lane, nor anything that could be appended or opened; zero while there is one.</summary>
    public TimeSpan Gap
    {
        get
        {
            lock (_gapGate) return _endedAt is { } since ? _setup.Time.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }

    internal ClosedEpochs ClosedEpochs { get; } = new();

    internal HandleTable? HandlesOf { get; set; }

    internal async Task BeginAsync(CancellationToken cancellationToken)
    {
        Volatile.Write(ref _lane, await NewLaneAsync(cancellationToken));
        _watch = Task.Run(WatchAsync, CancellationToken.None);
    }

    /// <summary>Waits for the lane after one that ended. False if the broker stops.</summary>
    internal Task<bool> NextAsync()
    {
        var signal = Volatile.Read(ref _replaced);
        return Current.End is null ? Task.FromResult(true) : signal.Task;
    }

    /// <summary>Ends the lane in order and waits until its end is recorded.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_lane is not { } lane) return;
        if (lane.Lane.End is null) await lane.Lane.StopAsync(CancellationToken.None);
        await _watch;
        _stopping.Dispose();
    }

    private async Task WatchAsync()
    {
        while (true)
        {
            var lane = _lane!;
            var end = await lane.Lane.Ended;
            SetEnded(_setup.Time.GetTimestamp());
            CloseHandles(lane.Lane, end);
            var isRecorded = await TryRecordEndAsync(lane.Lane);
            Close(lane, isRecorded);
            if (_stopping.IsCancellationRequested)
            {
                Volatile.Read(ref _replaced).TrySetResult(false);
                return;
            }

            LanesLost++;
            _setup.Note($"The lane ended: {end.Reason} Nothing that was acknowledged is lost; a new session begins.", end.Cause);
            if (await ReplaceAsync(lane.Lane, isRecorded) is not { } next)
            {
                Volatile.Read(ref _replaced).TrySetResult(false);
                return;
            }

            Volatile.Write(ref _lane, next);
            SetEnded(null);
            Interlocked.Exchange(ref _replaced, NewSignal()).TrySetResult(true);

            // Whoever stops looks at the lane once, and that may have been the old one.
            if (_stopping.IsCancellationRequested) await next.Lane.StopAsync(CancellationToken.None);
        }
    }

    private void SetEnded(long? timestamp)
    {
        lock (_gapGate) _endedAt = timestamp;
    }

    // A disk that is full or broken is asked again, ever more slowly: reads go on meanwhile. The old end is recorded before anything new begins: without
    // it no partition of that session could be claimed before a restart.
    private async Task<FileLane?> ReplaceAsync(Lane ended, bool isRecorded)
    {
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                isRecorded = isRecorded || await TryRecordEndAsync(ended);
                if (isRecorded) return await NewLaneAsync(CancellationToken.None);
            }
            catch (Exception error) // Whatever it was: a keeper that gave up would leave the broker without a lane for ever.
            {
                _setup.Note($"No new session could begin; the next try comes in {pause.TotalSeconds} s.", error);
            }

            try
            {
                await Task.Delay(pause, _setup.Time, _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    private async Task<FileLane> NewLaneAsync(CancellationToken cancellationToken)
    {
        // Its record before its first block and before any claim. A session that could not begin is tried again under the same record: a disk that
        // stays full for a day must not fill with records of it.
        var session = _begun ??= await SessionRecords.BeginAsync(_sessions, _setup.Directory.Identity.Broker, NewGuid, cancellationToken);
        var lane = StartLane(session);
        _begun = null;
        return lane;
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
            ReadGrace = TimeSpan.Zero, // Readers of a file are counted: it is deleted when the last one has left.
        });

    private void CloseHandles(Lane lane, LaneEnd end)
    {
        var error = end.Cause is DiskException ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower;
        foreach (var handle in HandlesOf!.All)
        {
            if (handle.Session == lane.Session) Close(handle, error);
        }
    }

    // Closing wakes waiters: code of others, which must not keep the rest from being closed.
    private void Close(PartitionHandle handle, ErrorCode code)
    {
        try
        {
            handle.Close(code);
        }
        catch (Exception error)
        {
            _setup.Note($"Closing partition {handle.Id} failed.", error);
        }
    }

    private void Close(FileLane lane, bool isEndRecorded)
    {
        try
        {
            lane.Dispose();
            if (isEndRecorded) lane.GiveBack();
        }
        catch (Exception error)
        {
            _setup.Note("The files of the session that ended could not be closed.", error);
        }
    }

    private async Task<bool> TryRecordEndAsync(Lane lane)
    {
        try
        {
            await SessionRecords.EndAsync(_sessions, lane.Session, lane.PublishedEnd, CancellationToken.None);
            return true;
        }
        catch (Exception error)
        {
            // Should the process end before it is recorded, the next start finds the end by scanning.
            _setup.Note($"The end of session {lane.Session} could not be recorded.", error);
            return false;
        }
    }

    private Guid NewGuid()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (_setup.Random) _setup.Random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static TaskCompletionSource<bool> NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
