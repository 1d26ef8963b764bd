using OrleansStream.Log.Storage;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Keeps one file ready ahead of the writer, and deletes what the lane gave up. Its work on files runs apart from the writer.</summary>
internal sealed class WalPreparer(WalStoreSetup setup, WalSpace space) : IDisposable
{
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(1);

    // Producers wait this long for old files to be split. If that does not succeed, a WAL above its cap is better than a broker that takes nothing.
    private static readonly TimeSpan CapPatience = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly ZeroAhead _zeroAhead = new(setup);
    private readonly List<WalFile> _given = [];

    // Of the given ones, those whose deletion failed: each is told of once. Only where files are deleted.
    private readonly HashSet<WalFile> _undeletable = [];
    private OpenWalFile? _next;
    private DiskException? _failure;
    private int _nextNumber;
    private long _triedAt;
    private long _cappedSince;
    private bool _isFull;
    private bool _isCapped;
    private bool _isDisposed;

    /// <summary>Called when space was made for which an append was told to wait.</summary>
    public Action OnSpace { get; set; } = static () => { };

    /// <summary>After <see cref="Dispose"/>: the prepared file, in which no block stands.</summary>
    public OpenWalFile? Unused { get; private set; }

    /// <summary>Null unless a file could not be prepared for another reason than a full disk.</summary>
    public DiskException? Failure => Volatile.Read(ref _failure) ?? _zeroAhead.Failure;

    /// <summary>Creates a file, with its name and space durable before any block stands in it (rule F2).</summary>
    public OpenWalFile Create() => Create(setup.Options.FileBytes);

    /// <summary>The session's first file. On a full disk it is a small one from the reserve, in which journals go on and nobody else.</summary>
    public OpenWalFile CreateFirst()
    {
        try
        {
            return Create();
        }
        catch (DiskFullException) when (setup.Reserve is { } reserve && setup.JournalBytes > 0)
        {
            if (setup.Disk.FreeBytes < setup.JournalBytes) reserve.TryGiveBack(setup.JournalBytes);
            return Create(setup.JournalBytes);
        }
    }

    private OpenWalFile Create(long bytes)
    {
        var options = setup.Options;
        // Taken only when the file stands: recovery reads the files of a session by numbers without a gap, and a full disk asks many times.
        var number = _nextNumber;
        var path = WalNames.PathOf(setup.Session, number);
        var left = bytes < options.FileBytes ? 0 : options.ReserveBytes - (setup.Reserve?.Bytes ?? 0);
        if (setup.Disk.FreeBytes < bytes + Math.Max(0, left)) throw new DiskFullException(path, "Preparing a file", 0);

        // An earlier try may have left it without a block: nobody else writes under this session's name.
        setup.Disk.Delete(path);
        var disk = setup.Disk.Open(path, DiskOpenMode.Write | DiskOpenMode.CreateNew | (options.Direct ? DiskOpenMode.Direct : 0));
        try
        {
            disk.Reserve(bytes);
            disk.SyncData();
            setup.Disk.SyncDirectory(WalNames.Directory);
            _nextNumber = number + 1;
            return new OpenWalFile(disk, number, bytes);
        }
        catch
        {
            disk.Dispose();
            setup.Disk.Delete(path);
            throw;
        }
    }

    public void PrepareApart()
    {
        space.Preparing();
        setup.RunApart(Prepare);
    }

    /// <summary>Tries again what did not go: a file on a full disk, deleting what was still read or could not be deleted. Returns the time until the next try.</summary>
    public TimeSpan Tend()
    {
        bool prepares, waits, drops;
        lock (_lock)
        {
            if (!_isFull && !_isCapped && _given.Count == 0) return Timeout.InfiniteTimeSpan;
            if (setup.Time.GetElapsedTime(_triedAt) < AgainAfter) return AgainAfter;

            _triedAt = setup.Time.GetTimestamp();
            (prepares, waits, drops) = (_isFull, _isCapped, _given.Count > 0);
            _isFull = false;
        }

        if (prepares) PrepareApart();
        if (waits) setup.RunApart(PrepareIfCapped);
        if (drops) setup.RunApart(DropGiven);
        return AgainAfter;
    }

    /// <summary>The prepared file. There is one whenever blocks were reserved beyond the open file.</summary>
    public OpenWalFile Take()
    {
        lock (_lock)
        {
            var next = _next ?? throw new InvalidOperationException("Blocks were reserved beyond the open file, but no other is prepared.");
            _next = null;
            next.Take();
            return next;
        }
    }

    /// <summary>By the writer, after each flush: its size, and where the open file's next block goes.</summary>
    public void OnFlush(long position, long flushBytes)
    {
        OpenWalFile? next;
        lock (_lock) next = _next;
        _zeroAhead.OnFlush(next, position, flushBytes);
    }

    /// <summary>Deletes the file once nobody reads it any more.</summary>
    public void Drop(WalFile file)
    {
        lock (_lock) _given.Add(file);
        setup.RunApart(DropGiven);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _next?.Take();
            _next?.Disk.Dispose();
            (Unused, _next) = (_next, null);
        }

        _zeroAhead.Dispose();
    }

    // What waits for the cap still counts as being prepared: appends are told to wait, not that there is no space.
    private bool WaitsForCap()
    {
        lock (_lock)
        {
            // A session begins with two files: with one alone nothing could ever be closed and split.
            var isOver = _nextNumber > 1 && setup.Files.Bytes + _given.Sum(static file => file.DiskBytes) + setup.Options.FileBytes > setup.Options.MaxWalBytes;
            if (isOver && !_isCapped) _cappedSince = setup.Time.GetTimestamp();
            _isCapped = isOver && setup.Time.GetElapsedTime(_cappedSince) < CapPatience;
            _triedAt = setup.Time.GetTimestamp();
            return _isCapped;
        }
    }

    private void Prepare()
    {
        if (WaitsForCap()) return;

        OpenWalFile? file = null;
        var isFull = false;
        try
        {
            file = Create();
        }
        catch (DiskFullException)
        {
            isFull = true; // Appends are refused until there is space; what was accepted has its own.
        }
        catch (DiskException error)
        {
            Volatile.Write(ref _failure, error);
        }

        lock (_lock)
        {
            _isFull = isFull;
            _triedAt = setup.Time.GetTimestamp();
            if (_isDisposed)
            {
                file?.Disk.Dispose();
                Unused = file;
            }
            else
            {
                _next = file;
            }
        }

        if (space.Prepared(file is not null)) OnSpace();
    }

    private void DropGiven()
    {
        WalFile[] given;
        lock (_lock)
        {
            given = [.. _given.Where(static file => file.TryRetire())];
            foreach (var file in given) _given.Remove(file);
        }

        if (given.Length == 0) return;

        var undeleted = given.Where(file => !TryDelete(file)).ToList();
        lock (_lock) _given.AddRange(undeleted);
        if (undeleted.Count == given.Length) return;

        try
        {
            setup.Disk.SyncDirectory(WalNames.Directory);
        }
        catch (DiskException error)
        {
            // The names of files to come stand in the same directory, and a sync that failed is never trusted again (rules F1, F2).
            Volatile.Write(ref _failure, error);
            return;
        }

        PrepareIfCapped();
    }

    // A file that stays costs its space and nothing else, so neither the others nor the lane wait for it: it is tried again when the others of the
    // list are. Runs one at a time.
    private bool TryDelete(WalFile file)
    {
        try
        {
            setup.Disk.DeleteInPieces(file.Path);
            _undeletable.Remove(file);
            return true;
        }
        catch (DiskException error)
        {
            if (_undeletable.Add(file)) setup.Note?.Invoke($"'{file.Path}', which nobody needs any more, cannot be deleted: {file.DiskBytes} bytes are not free. It is tried again each second.", error);
            return false;
        }
    }

    private void PrepareIfCapped()
    {
        bool isCapped;
        lock (_lock) isCapped = _isCapped;
        if (isCapped) Prepare();
    }
}
