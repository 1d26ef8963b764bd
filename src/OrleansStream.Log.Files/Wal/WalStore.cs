using System.Runtime.InteropServices;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Writes the blocks of one session to WAL files. Its writer is one thread; files are prepared and closed apart, so that going over to the next costs no time.</summary>
public sealed class WalStore : ILaneStore, IDisposable
{
    private readonly WalStoreSetup _setup;
    private readonly WalSpace _space;
    private readonly WalPreparer _preparer;
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private OpenWalFile _current;
    private Exception? _failure;
    private bool _hasUnsynced;
    private long _lastSync;
    private Slot _writtenEnd;
    private long _durableEnd;

    /// <summary>Creates the session's first file, durably, and begins to prepare the second.</summary>
    /// <exception cref="DiskException">The first file could not be made.</exception>
    public WalStore(WalStoreSetup setup)
    {
        _setup = setup;
        _space = new WalSpace(setup.Options.FileBytes, setup.LargestBlockBytes, setup.JournalBytes);
        _preparer = new WalPreparer(setup, _space);
        _lastSync = setup.Time.GetTimestamp();
        setup.Disk.CreateDirectory(WalNames.Directory);
        setup.Disk.SyncDirectory("");
        _current = _preparer.CreateFirst();
        _current.Take();
        Begin(_current, Slot.Zero);
    }

    /// <summary>Called, from any thread, when space was made for which an append was told to wait: the lane's <see cref="Lane.OnSpace"/>.</summary>
    public Action OnSpace
    {
        get => _preparer.OnSpace;
        set => _preparer.OnSpace = value;
    }

    public Slot DurableEnd => new(Volatile.Read(ref _durableEnd));

    public EnqueueStatus Reserve(int bytes) => _space.Reserve(bytes, _space.KeptForRecords);

    public EnqueueStatus ReserveForJournal(int bytes) => _space.Reserve(bytes, WalSpace.DurableEndBytes);

    public EnqueueStatus ReserveForDurableEnd(int bytes) => _space.Reserve(bytes, kept: 0);

    public void Write(ReadOnlySpan<LaneBlock> blocks)
    {
        ThrowIfFailed();
        try
        {
            var flushed = WriteAll(blocks);
            if (SyncWait() == TimeSpan.Zero) Sync();
            _preparer.OnFlush(_current.Position, flushed);
        }
        catch (Exception error)
        {
            _failure = error; // Rule F1: whatever it was, these files are not trusted again.
            throw;
        }
    }

    public TimeSpan Tend(bool isLast)
    {
        ThrowIfFailed();
        if (_hasUnsynced && (isLast || SyncWait() == TimeSpan.Zero)) SyncOrFail();
        var prepareWait = _preparer.Tend();
        if (isLast) return Timeout.InfiniteTimeSpan;
        if (!_hasUnsynced) return prepareWait;

        var syncWait = SyncWait();
        return prepareWait == Timeout.InfiniteTimeSpan || syncWait < prepareWait ? syncWait : prepareWait;
    }

    public void Forget(Slot below)
    {
        foreach (var file in _setup.Files.Of(_setup.Session))
        {
            if (!file.IsClosed || file.EndSlot > below) continue;

            _setup.Files.Remove(file);
            _preparer.Drop(file);
        }
    }

    /// <summary>
    /// Gives back what the session's files take beyond its blocks: the prepared file, and the rest of the open one. To be called after <see cref="Dispose"/>,
    /// once the end of the session is recorded: before that, the files prove where it is.
    /// </summary>
    public void GiveBack()
    {
        try
        {
            if (_preparer.Unused is { } unused) _setup.Disk.Delete(WalNames.PathOf(_setup.Session, unused.Number));
            GiveBack(_current.Map!);
            _setup.Disk.SyncDirectory(WalNames.Directory);
        }
        catch (DiskException)
        {
            // The next start does the same.
        }
    }

    /// <summary>Closes the files. Nothing is synced: what was acknowledged was synced before.</summary>
    public void Dispose()
    {
        _preparer.Dispose();
        _current.Disk.Dispose();
    }

    private void GiveBack(WalFile last)
    {
        last.IsClosed = true;
        if (last.EndPosition > 0)
        {
            using var file = _setup.Disk.Open(last.Path, DiskOpenMode.Write);
            file.Truncate(last.EndPosition);
            last.DiskBytes = last.EndPosition;
            return;
        }

        _setup.Files.Remove(last);
        if (last.TryRetire()) _setup.Disk.Delete(last.Path);
    }

    private long WriteAll(ReadOnlySpan<LaneBlock> blocks)
    {
        var first = 0;
        var bytes = 0L;
        var all = 0L;
        for (var i = 0; i < blocks.Length; i++)
        {
            var stored = blocks[i].Stored.Length;
            if (_current.Position + bytes + stored > _current.Bytes)
            {
                WriteRun(blocks[first..i], bytes);
                Roll(blocks[i].Slot);
                first = i;
                bytes = 0;
            }

            bytes += stored;
            all += stored;
        }

        WriteRun(blocks[first..], bytes);
        return all;
    }

    private void WriteRun(ReadOnlySpan<LaneBlock> blocks, long bytes)
    {
        if (blocks.IsEmpty) return;

        _pieces.Clear();
        foreach (var block in blocks) _pieces.Add(block.Stored);
        _current.Disk.Write(_current.Position, CollectionsMarshal.AsSpan(_pieces));
        _pieces.Clear();
        var reserved = 0L;
        foreach (var block in blocks)
        {
            _current.Add(block);
            reserved += block.ReservedBytes;
        }

        _space.Written(reserved, bytes);
        _hasUnsynced = true;
        _writtenEnd = blocks[^1].Slot.Next;
    }

    private void Roll(Slot firstSlot)
    {
        // Also with relaxed sync: a sync reaches one file only, and durable end counts all that lies below it.
        if (_hasUnsynced) Sync();
        var full = _current;
        _current = _preparer.Take();
        Begin(_current, firstSlot);
        _setup.RunApart(full.Close);
    }

    private void Begin(OpenWalFile file, Slot firstSlot)
    {
        file.Map = new WalFile(_setup.Session, file.Number, firstSlot) { DiskBytes = file.Bytes };
        file.Footer = new FooterBuilder(_setup.Session);
        _setup.Files.Add(file.Map);
        _space.Rolled(file.Bytes);
        _preparer.PrepareApart();
    }

    private TimeSpan SyncWait()
    {
        if (_setup.Options.Sync == SyncMode.Every) return TimeSpan.Zero;

        var left = _setup.Options.SyncInterval - _setup.Time.GetElapsedTime(_lastSync);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void SyncOrFail()
    {
        try
        {
            Sync();
        }
        catch (Exception error)
        {
            _failure = error; // Rule F1.
            throw;
        }
    }

    private void Sync()
    {
        var started = _setup.Time.GetTimestamp();
        _current.Disk.SyncData();
        _lastSync = _setup.Time.GetTimestamp();
        _setup.Metrics?.Synced(_setup.Time.GetElapsedTime(started, _lastSync));
        _hasUnsynced = false;
        Volatile.Write(ref _durableEnd, _writtenEnd.Value);
    }

    private void ThrowIfFailed()
    {
        if (_failure is not null) throw new InvalidOperationException("The store has failed, and its lane has ended.", _failure);
        if (_preparer.Failure is { } failure) throw failure;
    }
}
