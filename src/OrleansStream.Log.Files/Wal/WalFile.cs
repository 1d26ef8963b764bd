using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>What is known of one WAL file: whose it is, and where each of its slots stands. Its writer adds; any number of readers look up.</summary>
public sealed class WalFile
{
    private readonly Lock _lock = new();
    private uint[] _pages = new uint[64];
    private int _count;
    private long _end;
    private int _readers;
    private bool _isRetired;

    public WalFile(SessionId session, int number, Slot firstSlot)
    {
        Session = session;
        Number = number;
        FirstSlot = firstSlot;
    }

    public SessionId Session { get; }

    public int Number { get; }

    public string Path => WalNames.PathOf(Session, Number);

    /// <summary>The slot of its first block.</summary>
    public Slot FirstSlot { get; }

    /// <summary>The slot behind its last block; equal to <see cref="FirstSlot"/> while it has none.</summary>
    public Slot EndSlot
    {
        get
        {
            lock (_lock) return new Slot(FirstSlot.Value + _count);
        }
    }

    /// <summary>The byte behind its last block.</summary>
    public long EndPosition
    {
        get
        {
            lock (_lock) return _end;
        }
    }

    /// <summary>Bytes that it takes of the disk, reserved ones included.</summary>
    public long DiskBytes { get; internal set; }

    /// <summary>Nothing is written to it any more.</summary>
    public bool IsClosed { get; internal set; }

    /// <summary>Adds the next slot.</summary>
    public void Add(long position, int storedBytes)
    {
        lock (_lock)
        {
            if (_count == _pages.Length) Array.Resize(ref _pages, _count * 2);
            _pages[_count++] = (uint)(position / Limits.BlockAlignment);
            _end = position + storedBytes;
        }
    }

    /// <summary>Where the slot's block stands and how many bytes it takes. False if the file does not have it.</summary>
    public bool TryFind(Slot slot, out long position, out int storedBytes)
    {
        position = 0;
        storedBytes = 0;
        lock (_lock)
        {
            var at = slot.Value - FirstSlot.Value;
            if (at < 0 || at >= _count) return false;

            position = (long)_pages[at] * Limits.BlockAlignment;
            var end = at + 1 < _count ? (long)_pages[at + 1] * Limits.BlockAlignment : _end;
            storedBytes = (int)(end - position);
            return true;
        }
    }

    /// <summary>The pages (4 KiB) at which its blocks start, in slot order.</summary>
    internal uint[] CopyPages()
    {
        lock (_lock) return _pages.AsSpan(0, _count).ToArray();
    }

    /// <summary>A reader begins. False if the file was given up: it may be deleted or used again at any time.</summary>
    internal bool TryEnter()
    {
        lock (_lock)
        {
            if (_isRetired) return false;
            _readers++;
            return true;
        }
    }

    internal void Leave()
    {
        lock (_lock) _readers--;
    }

    /// <summary>Gives the file up for new readers. False while some still read: ask again later.</summary>
    internal bool TryRetire()
    {
        lock (_lock)
        {
            _isRetired = true;
            return _readers == 0;
        }
    }
}
