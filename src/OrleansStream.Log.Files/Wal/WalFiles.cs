using System.Diagnostics.CodeAnalysis;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Every WAL file that can be read: those of the current session as they are written, and those of earlier ones as recovery found them.</summary>
public sealed class WalFiles
{
    private readonly Lock _lock = new();
    private readonly Dictionary<SessionId, List<WalFile>> _sessions = [];
    private readonly List<SessionId> _order = [];
    private int _count;

    /// <summary>Adds a file. Those of a session come in the order of their slots.</summary>
    public void Add(WalFile file)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(file.Session, out var files))
            {
                _sessions[file.Session] = files = [];
                _order.Add(file.Session);
            }

            files.Add(file);
            _count++;
        }
    }

    public void Remove(WalFile file)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(file.Session, out var files)) return;
            if (files.Remove(file)) _count--;
            if (files.Count > 0) return;
            _sessions.Remove(file.Session);
            _order.Remove(file.Session);
        }
    }

    /// <summary>How many files there are, of all sessions.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>What they take of the disk.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock) return _sessions.Values.Sum(static files => files.Sum(static file => file.DiskBytes));
        }
    }

    /// <summary>The sessions that have files, in the order in which they were first told of.</summary>
    public IReadOnlyList<SessionId> Sessions
    {
        get
        {
            lock (_lock) return [.. _order];
        }
    }

    /// <summary>The files of a session in slot order.</summary>
    public IReadOnlyList<WalFile> Of(SessionId session)
    {
        lock (_lock) return _sessions.TryGetValue(session, out var files) ? [.. files] : [];
    }

    /// <summary>The file that has the slot.</summary>
    public bool TryFind(SessionId session, Slot slot, [NotNullWhen(true)] out WalFile? file)
    {
        file = null;
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var files)) return false;

            // The last one that does not begin above the slot.
            int low = 0, high = files.Count;
            while (low < high)
            {
                var middle = (low + high) >> 1;
                if (files[middle].FirstSlot <= slot) low = middle + 1;
                else high = middle;
            }

            if (low == 0) return false;
            file = files[low - 1];
        }

        return slot < file.EndSlot;
    }
}
