using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>
/// Manifests and session records of a data directory: a table in memory, and a file to which changes are appended (rule F7). All compare-and-sets that
/// wait go into one group with one sync. Each start, and a log that outgrew its snapshot, writes a new file.
/// </summary>
/// <remarks>
/// Safe for any number of callers. Groups are committed on the scheduler given to <see cref="Open"/>, one at a time; file calls block there, so it is
/// a thread of its own (<see cref="DedicatedThreadScheduler"/>), or the one thread of a simulation.
/// </remarks>
public sealed class MetadataJournal : IAsyncDisposable
{
    // A log twice as long as its snapshot has paid for a new one; below this size it is not worth a file.
    private const long MinRotationBytes = 8L * 1024 * 1024;

    private static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(50);

    private readonly Lock _gate = new();
    private readonly IDisk _disk;
    private readonly TaskScheduler _scheduler;
    private readonly JournalTable _table;
    private readonly ITimer _quiet;
    private readonly long _minRotationBytes;
    private List<JournalWrite> _queue = [];
    private List<JournalWrite> _group = [];
    private readonly List<(JournalKey Key, long Version)> _forgotten = [];
    private JournalFile? _file;
    private long _lastNumber;
    private bool _isCommitting;
    private bool _isStopped;
    private Task _commits = Task.CompletedTask;

    private MetadataJournal(IDisk disk, JournalTable table, MetadataJournalOptions options)
    {
        _disk = disk;
        _table = table;
        _scheduler = options.Scheduler;
        _minRotationBytes = options.MinRotationBytes ?? MinRotationBytes;
        _quiet = options.Time.CreateTimer(_ => OnQuiet(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Manifests = new JournalManifestStore(this);
        Sessions = new JournalSessionStore(this);
    }

    public IManifestStore Manifests { get; }

    public ISessionStore Sessions { get; }

    /// <summary>
    /// Reads the journal, or begins one, and writes all of it into a new file before anything is answered from it: what a killed process had written but
    /// not synced is then durable before it counts (rule F8). Blocks; its directory must exist.
    /// </summary>
    /// <exception cref="CorruptBlockException">Bytes that were durable do not verify. Names file, byte and record; nothing was changed.</exception>
    /// <exception cref="DiskException">The disk failed. Nothing was lost; try again once it works.</exception>
    public static MetadataJournal Open(IDisk disk, MetadataJournalOptions options)
    {
        var numbers = Numbers(disk);
        var table = new JournalTable();
        if (numbers.Count > 0) Load(disk, numbers[^1], table);
        var journal = new MetadataJournal(disk, table, options) { _lastNumber = numbers.Count > 0 ? numbers[^1] : 0, VersionAtStart = table.LastVersion };
        journal.Rotate();
        return journal;
    }

    /// <summary>About the bytes that <see cref="Open"/> writes beside what stands there.</summary>
    internal static long SpaceForStart(IDisk disk)
    {
        var numbers = Numbers(disk);
        if (numbers.Count == 0) return JournalFile.ReserveStep;
        using var file = disk.Open(JournalNames.File(numbers[^1]), DiskOpenMode.Read);
        return file.Length + JournalFile.ReserveStep;
    }

    /// <summary>Reads the newest journal file of a directory that no process uses, and changes nothing: for verification. Null if there is none.</summary>
    /// <exception cref="CorruptBlockException">As for <see cref="Open"/>.</exception>
    public static JournalContents? ReadContents(IDisk disk)
    {
        var numbers = Numbers(disk);
        if (numbers.Count == 0) return null;
        var table = new JournalTable();
        Load(disk, numbers[^1], table);
        return new JournalContents(
            JournalNames.File(numbers[^1]),
            [.. table.Manifests.Select(entry => ManifestCodec.Read(entry.Value.Payload))],
            [.. table.Sessions.Select(entry => SessionRecordCodec.Read(entry.Value.Payload))]);
    }

    /// <summary>Commits what was asked for before, publishes the durable end and closes the file. Later writes are refused.</summary>
    public async ValueTask DisposeAsync()
    {
        Task commits;
        lock (_gate)
        {
            if (_isStopped) return;
            _isStopped = true;
            commits = _commits;
        }

        await _quiet.DisposeAsync();
        await commits;
        await Task.Factory.StartNew(Close, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
    }

    internal JournalEntry? Find(in JournalKey key)
    {
        lock (_gate) return _table.Find(key);
    }

    internal byte[][] Payloads(JournalRecordKind kind, out long[] versions)
    {
        lock (_gate)
        {
            var entries = kind == JournalRecordKind.Manifest ? _table.Manifests.Select(entry => entry.Value).ToArray() : [.. _table.Sessions.Select(entry => entry.Value)];
            versions = [.. entries.Select(entry => entry.Version)];
            return [.. entries.Select(entry => entry.Payload)];
        }
    }

    internal Task<JournalOutcome> WriteAsync(JournalWrite write, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested(); // Later it ends the wait alone.
        if (write.Payload.Length > JournalBlockBuilder.MaxPayloadBytes)
        {
            throw new LogException($"A record of {write.Payload.Length} bytes is larger than the journal's limit of {JournalBlockBuilder.MaxPayloadBytes}.");
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isStopped, this);
            _queue.Add(write);
            StartCommits();
        }

        return cancellationToken.CanBeCanceled ? write.Completion.WaitAsync(cancellationToken) : write.Completion;
    }

    /// <summary>The highest version at the start: whatever is not above it stood there before this process.</summary>
    internal long VersionAtStart { get; private init; }

    /// <summary>
    /// Forgets records that say nothing to anybody any more, unless they change before that is done. They go from memory at once, and from the disk with
    /// the next file: until then a restart finds them again, and may forget them again.
    /// </summary>
    internal void Forget(IEnumerable<(JournalKey Key, long Version)> records)
    {
        lock (_gate)
        {
            if (_isStopped) return;
            _forgotten.AddRange(records);
            StartCommits();
        }
    }

    private static List<long> Numbers(IDisk disk)
    {
        var numbers = new List<long>();
        foreach (var name in disk.ListFiles(JournalNames.Directory))
        {
            if (JournalNames.TryParse(name, out var number)) numbers.Add(number);
        }

        numbers.Sort();
        return numbers;
    }

    private static void Load(IDisk disk, long number, JournalTable table)
    {
        var path = JournalNames.File(number);
        using var file = disk.Open(path, DiskOpenMode.Read);
        new JournalReader(file, path, number).ReadInto(table);
    }

    private void StartCommits()
    {
        if (_isCommitting) return;
        _isCommitting = true;
        _commits = Task.Factory.StartNew(CommitUntilEmpty, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
    }

    private void CommitUntilEmpty()
    {
        while (true)
        {
            List<JournalWrite> group;
            lock (_gate)
            {
                // Here alone, since a new file is written from the table outside the lock.
                foreach (var (key, version) in _forgotten) _table.Remove(key, version);
                _forgotten.Clear();
                if (_queue.Count == 0)
                {
                    _isCommitting = false;
                    if (!_isStopped && _file is { IsEndUnpublished: true }) _quiet.Change(QuietTime, Timeout.InfiniteTimeSpan);
                    return;
                }

                group = TakeGroup();
            }

            CommitGroup(group);
        }
    }

    // A second write of a key waits for the next group: whether it conflicts depends on what becomes of the first.
    private List<JournalWrite> TakeGroup()
    {
        var group = _group;
        group.Clear();
        var later = new List<JournalWrite>();
        var keys = new HashSet<JournalKey>();
        foreach (var write in _queue) (keys.Add(write.Key) ? group : later).Add(write);
        _group = _queue;
        _queue = later;
        return group;
    }

    private void CommitGroup(List<JournalWrite> group)
    {
        var staged = new List<JournalWrite>(group.Count);
        foreach (var write in group)
        {
            if (Find(write.Key)?.Version == write.Expected) staged.Add(write);
            else write.Complete(JournalResult.Conflict);
        }

        if (staged.Count == 0) return;
        var version = _table.LastVersion;
        foreach (var write in staged) write.Version = ++version;
        try
        {
            if (TryCommit(staged)) Publish(staged);
            else Answer(staged, JournalResult.Unknown);
        }
        catch (DiskFullException error)
        {
            // Refused before anything was written, in a file that nothing undecided can follow: the writes have failed for certain.
            foreach (var write in staged) write.Fail(error);
        }
        catch (Exception)
        {
            // Whatever it was, some of it may stand in the file, which takes nothing more; and whoever waits is told so, or would wait for ever.
            _file?.Retire();
            Answer(staged, JournalResult.Unknown);
        }
    }

    // After a failure nothing of this group is known. A new file without it makes that certain, and the group is then written there, once more.
    private bool TryCommit(List<JournalWrite> staged)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (_file is not { IsUsable: true } || IsOutgrown(_file)) TryRotate();
            if (_file is { IsUsable: true } file && TryAppend(file, staged)) return true;
        }

        return false;
    }

    private static bool TryAppend(JournalFile file, List<JournalWrite> staged)
    {
        foreach (var write in staged) file.Add(write.Key.Kind, new JournalEntry(write.Payload, write.Version));
        try
        {
            file.ReserveAdded();
            file.Commit();
            return true;
        }
        catch (DiskException) when (!file.IsUsable)
        {
            return false;
        }
    }

    private void Publish(List<JournalWrite> staged)
    {
        lock (_gate)
        {
            foreach (var write in staged) _table.Set(write.Key, new JournalEntry(write.Payload, write.Version));
        }

        Answer(staged, JournalResult.Written);
    }

    private static void Answer(List<JournalWrite> writes, JournalResult result)
    {
        foreach (var write in writes) write.Complete(result);
    }

    private bool IsOutgrown(JournalFile file) => file.Position - file.SnapshotEnd > Math.Max(_minRotationBytes, 2 * file.SnapshotEnd);

    private void Rotate()
    {
        // The number is used up even if this fails: half a file under a name must never be taken for another try.
        var next = JournalFile.Build(_disk, _table, ++_lastNumber);

        // What is acknowledged in the old file after this point could be lost to the new one.
        _file?.Retire();
        try
        {
            next.Name(_disk);
        }
        catch
        {
            next.Dispose();
            throw;
        }

        _file?.Dispose();
        _file = next;
        DeleteAllBut(next.Number);
    }

    // An outgrown file is written on if there is no room for its successor, or whatever else is the matter; a failed one is not, and its writes stay unknown.
    private void TryRotate()
    {
        try
        {
            Rotate();
        }
        catch (Exception)
        {
        }
    }

    private void DeleteAllBut(long number)
    {
        var current = JournalNames.File(number);
        foreach (var name in _disk.ListFiles(JournalNames.Directory))
        {
            var path = $"{JournalNames.Directory}/{name}";
            var isOurs = JournalNames.TryParse(name, out _) || name.EndsWith(JournalNames.TemporarySuffix, StringComparison.Ordinal);
            if (isOurs && path != current) DeleteQuietly(path);
        }
    }

    // Not synced, and left to the next file if it fails: should an old name come back, the highest number still wins.
    private void DeleteQuietly(string path)
    {
        try
        {
            _disk.Delete(path);
        }
        catch (DiskException)
        {
        }
    }

    private void OnQuiet()
    {
        lock (_gate)
        {
            if (_isStopped || _isCommitting) return;
            _isCommitting = true;
            _commits = Task.Factory.StartNew(PublishEndThenCommit, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _scheduler);
        }
    }

    private void PublishEndThenCommit()
    {
        PublishEnd();
        CommitUntilEmpty();
    }

    private void PublishEnd()
    {
        try
        {
            if (_file is { IsUsable: true } file) file.PublishEnd();
        }
        catch (Exception)
        {
            // Whatever it was: the file takes nothing more, and the next group begins a new one.
            _file?.Retire();
        }
    }

    private void Close()
    {
        try
        {
            if (_file is { IsUsable: true } file) file.PublishEnd();
        }
        catch (DiskException)
        {
            // What was acknowledged stands all the same.
        }
        finally
        {
            _file?.Dispose();
            _file = null;
        }
    }
}
