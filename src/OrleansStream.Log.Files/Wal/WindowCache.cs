using System.Diagnostics.CodeAnalysis;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>The windows that were read last, in a bounded number of bytes. Each is read once, however many wait for it.</summary>
internal sealed class WindowCache(IDisk disk, WalFiles files, SlabPool slabs, WalReaderOptions options, TaskScheduler scheduler)
{
    private readonly Lock _lock = new();
    private readonly List<ReadWindow> _windows = [];
    private readonly Dictionary<(SessionId, Slot), Task> _loading = [];
    private readonly DiskOpenMode _mode = options.Direct ? DiskOpenMode.Read | DiskOpenMode.Direct : DiskOpenMode.Read;
    private long _bytes;
    private long _uses;
    private bool _isDisposed;

    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>The window that has the slot, with a lease of it that the caller gives back.</summary>
    public bool TryGet(SessionId session, Slot slot, [NotNullWhen(true)] out ReadWindow? window, out BlockLease lease)
    {
        lock (_lock)
        {
            foreach (var candidate in _windows)
            {
                if (slot < candidate.First || slot >= candidate.End || candidate.Session != session) continue;

                candidate.LastUse = ++_uses;
                window = candidate;
                return candidate.TryLease(out lease);
            }
        }

        window = null;
        lease = default;
        return false;
    }

    /// <summary>Reads the window that begins at the slot. Completes when it is in the cache, for a while at least.</summary>
    public Task LoadAsync(SessionId session, Slot slot)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_loading.TryGetValue((session, slot), out var running)) return running;

            var bytes = SizeAt(session, slot);
            return _loading[(session, slot)] = Task.Factory.StartNew(() => Load(session, slot, bytes), CancellationToken.None, TaskCreationOptions.DenyChildAttach | TaskCreationOptions.RunContinuationsAsynchronously, scheduler);
        }
    }

    /// <summary>Reads ahead of somebody who reads on from window to window; nobody waits for it, so a failure shows when somebody does.</summary>
    public void ReadAhead(ReadWindow window)
    {
        lock (_lock)
        {
            if (_isDisposed || window.HasReadAhead || !IsBetween(window.Session, window.First) || !files.TryFind(window.Session, window.End, out _)) return;
            window.HasReadAhead = true;
            if (_windows.Exists(other => other.Session == window.Session && other.First <= window.End && other.End > window.End)) return;
        }

        LoadAsync(window.Session, window.End).ContinueWith(static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, scheduler);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var window in _windows) window.Evict();
            _windows.Clear();
            _bytes = 0;
        }
    }

    private void Load(SessionId session, Slot slot, int bytes)
    {
        try
        {
            if (!files.TryFind(session, slot, out var file) || !file.TryEnter()) throw new LogException($"Session {session} has no file with slot {slot} any more.");

            try
            {
                Add(ReadWindow.Read(disk, _mode, slabs, (file, slot), bytes));
            }
            finally
            {
                file.Leave();
            }
        }
        finally
        {
            lock (_lock) _loading.Remove((session, slot));
        }
    }

    private void Add(ReadWindow window)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                window.Evict();
                return;
            }

            window.LastUse = ++_uses;
            _windows.Add(window);
            _bytes += window.ChargedBytes;
            while (_bytes > options.CacheBytes && _windows.Count > 1) EvictOldest();
        }
    }

    private void EvictOldest()
    {
        var oldest = 0;
        for (var i = 1; i < _windows.Count; i++)
        {
            if (_windows[i].LastUse < _windows[oldest].LastUse) oldest = i;
        }

        _bytes -= _windows[oldest].ChargedBytes;
        _windows[oldest].Evict();
        _windows.RemoveAt(oldest);
    }

    // Twice as much as the window before, if there is one: somebody reads on.
    private int SizeAt(SessionId session, Slot slot) =>
        _windows.Find(window => window.End == slot && window.Session == session) is { } before
            ? Math.Clamp(before.ChargedBytes * 2, options.WindowBytes, options.MaxWindowBytes)
            : options.WindowBytes;

    private bool IsBetween(SessionId session, Slot first) => _windows.Exists(window => window.End == first && window.Session == session);
}
