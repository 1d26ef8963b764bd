using System.Collections.Concurrent;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Recovery;

/// <summary>
/// Recovers the sessions of a data directory that ended: all of them at start, and those of this process whose lane ended. Finds their ends (rules F3, F8),
/// records them before anything is claimed, answers which frames they have (R2), and closes and deletes those that nobody needs any more (R4).
/// </summary>
public sealed class FileLaneRecovery : IRecoveredSessions
{
    private readonly FileLaneRecoverySetup _setup;
    private readonly ConcurrentDictionary<SessionId, Task<RecoveredSession>> _sessions = new();
    private readonly ConcurrentQueue<(RecoveredSession Session, long At)> _closed = new();
    private int _closing;

    private FileLaneRecovery(FileLaneRecoverySetup setup) => _setup = setup;

    /// <summary>Recovers every session that is not closed. To be called once, before this process begins a session of its own.</summary>
    /// <exception cref="CorruptBlockException">Acknowledged bytes do not verify; names file, byte and offsets. Nothing was changed, and the broker does not start.</exception>
    /// <exception cref="DiskException">The disk failed, so nothing that was read counts. Start again once it works.</exception>
    /// <exception cref="LogException">A WAL file belongs to no session that is known.</exception>
    public static async Task<FileLaneRecovery> StartAsync(FileLaneRecoverySetup setup, CancellationToken cancellationToken)
    {
        var recovery = new FileLaneRecovery(setup);
        var files = await recovery.OnDisk(() => WalDirectory.FilesBySession(setup.Disk));
        var recoveries = new List<Task>();
        await foreach (var stored in setup.Sessions.ListAsync(cancellationToken))
        {
            files.Remove(stored.Record.Session, out var numbers);
            if (stored.Record.State != SessionState.Closed) recoveries.Add(recovery.Begin(stored.Record, numbers ?? []));
            else if (numbers is not null) await recovery.OnDisk(() => WalDirectory.Delete(setup.Disk, stored.Record.Session));
        }

        await Task.WhenAll(recoveries);
        if (files.Count > 0)
        {
            var (session, numbers) = files.First();
            throw new LogException($"'{WalNames.PathOf(session, numbers[0])}' belongs to session {session}, of which there is no record: the metadata journal was lost or another one put in its place.");
        }

        return recovery;
    }

    /// <summary>The sessions that were recovered and are not closed.</summary>
    public IEnumerable<RecoveredSession> Sessions => _sessions.Values.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result);

    public async ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken)
    {
        if (!_sessions.TryGetValue(session, out var task) || task.IsFaulted || task.IsCanceled)
        {
            var stored = await _setup.Sessions.GetAsync(session, cancellationToken) ?? throw new LogException($"There is no record of session {session}.");
            if (stored.Record.State == SessionState.Closed) return [];

            // Its end inside this process is its last published block, not what a read shows (rule F8): whoever saw its lane end records it first.
            if (stored.Record.End is null) throw new LogException($"Session {session} has no recorded end: its lane still lives.");
            task = Begin(stored.Record, null);
        }

        return (await task.WaitAsync(cancellationToken)).FramesOf(partition);
    }

    /// <summary>
    /// Closes every recovered session that nobody needs (rule R4): each partition in it is deleted, or owned by another session with no extent into this one.
    /// Deletes the files of those closed longer ago than the read grace. To be called from time to time.
    /// </summary>
    public async Task CloseUnneededAsync(CancellationToken cancellationToken)
    {
        // Two at once could each take the other's session off the queue.
        if (Interlocked.Exchange(ref _closing, 1) == 1) return;
        try
        {
            await CloseUnneededOnceAsync(cancellationToken);
        }
        finally
        {
            Volatile.Write(ref _closing, 0);
        }
    }

    private async Task CloseUnneededOnceAsync(CancellationToken cancellationToken)
    {
        foreach (var session in Sessions.ToList())
        {
            if (await IsNeededAsync(session, cancellationToken)) continue;
            var stored = await _setup.Sessions.GetAsync(session.Session, cancellationToken);
            var isClosed = stored is not null
                && await _setup.Sessions.CompareAndSetAsync(stored.Record with { State = SessionState.Closed }, stored.ETag, cancellationToken);
            if (!isClosed) continue;
            _sessions.TryRemove(session.Session, out _);
            _closed.Enqueue((session, _setup.Time.GetTimestamp()));
        }

        while (_closed.TryPeek(out var next) && _setup.Time.GetElapsedTime(next.At) >= _setup.ReadGrace)
        {
            // A reader that is still at it keeps the files until the next call.
            if (!_setup.Files.Of(next.Session.Session).All(file => file.TryRetire())) return;
            _closed.TryDequeue(out _);
            foreach (var file in _setup.Files.Of(next.Session.Session)) _setup.Files.Remove(file);
            await OnDisk(() => WalDirectory.Delete(_setup.Disk, next.Session.Session));
        }
    }

    private async Task<bool> IsNeededAsync(RecoveredSession session, CancellationToken cancellationToken)
    {
        foreach (var partition in session.Partitions)
        {
            // No manifest at all is no proof of deletion: a tombstone would stand there (rule D3).
            if (await _setup.Manifests.GetAsync(partition, cancellationToken) is not { Manifest: var manifest }) return true;
            if (!manifest.Deleted && (manifest.Owner == session.Session || manifest.Extents.Any(extent => extent is WalExtent wal && wal.Session == session.Session))) return true;
        }

        return false;
    }

    private Task<RecoveredSession> Begin(SessionRecord record, List<int>? numbers)
    {
        // Several openers may ask at once; the files are read once.
        lock (_sessions)
        {
            // A read that failed is tried again by the next one who asks: the disk may have recovered.
            return _sessions.TryGetValue(record.Session, out var task) && !task.IsFaulted && !task.IsCanceled ? task : _sessions[record.Session] = RecoverAsync(record, numbers);
        }
    }

    private async Task<RecoveredSession> RecoverAsync(SessionRecord record, List<int>? numbers)
    {
        // At start nobody reads yet; a session of this process gave back its own, and its readers may still be at work.
        var isStart = numbers is not null;
        numbers ??= (await OnDisk(() => WalDirectory.FilesBySession(_setup.Disk))).GetValueOrDefault(record.Session) ?? [];
        if (record.End is null) await OnDisk(() => WalDirectory.Sync(_setup.Disk, record.Session, numbers));
        var scan = new SessionScan(_setup.Disk, record, numbers, _setup.Scheduler) { Manifests = ManifestsAsync };
        var recovered = await scan.ReadAsync();
        if (record.End is null)
        {
            await OnDisk(() => WalDirectory.WriteAgain(_setup.Disk, recovered, scan.DurableEnd));
            await SessionRecords.EndAsync(_setup.Sessions, record.Session, recovered.End, CancellationToken.None);
        }

        await OnDisk(() => WalDirectory.Measure(_setup.Disk, recovered));
        if (isStart) await OnDisk(() => WalDirectory.GiveBack(_setup.Disk, recovered, numbers));

        // The lane of this process, if it was its, has told of them already.
        if (_setup.Files.Of(record.Session).Count == 0)
        {
            foreach (var file in recovered.Files)
            {
                file.IsClosed = true;
                _setup.Files.Add(file);
            }
        }

        return recovered;
    }

    private async Task<IReadOnlyCollection<Manifest>> ManifestsAsync()
    {
        var manifests = new List<Manifest>();
        await foreach (var stored in _setup.Manifests.ListAsync(CancellationToken.None)) manifests.Add(stored.Manifest);
        return manifests;
    }

    private Task<T> OnDisk<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _setup.Scheduler);

    private Task OnDisk(Action work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _setup.Scheduler);
}
