using OrleansStream.Log.Storage;

namespace OrleansStream.Testing.Disks;

/// <summary>
/// A disk in memory that loses what a real one may lose. Until a data sync, written pages of 4 KiB live in the cache alone: a power cut keeps any subset
/// of them, one of them torn; names that no directory sync covered are kept or forgotten. A killed process loses nothing that it wrote.
/// </summary>
/// <remarks>Safe for several threads, since lanes may write on a thread of their own; deterministic if it is driven by one.</remarks>
public sealed class SimulatedDisk : IDisk
{
    private const int ErrorNumberNoEntry = 2;
    private const int ErrorNumberIo = 5;
    private const int ErrorNumberExists = 17;
    private const int ErrorNumberNoSpace = 28;

    private readonly Lock _gate = new();
    private readonly SimulatedNames _names;
    private LastWrite? _lastWrite;
    private bool _stopped;

    public SimulatedDisk()
        : this(new SimulatedNames())
    {
    }

    private SimulatedDisk(SimulatedNames names) => _names = names;

    private sealed record LastWrite(SimulatedInode Inode, SimulatedInode Before, long Position, byte[] Bytes);

    /// <summary>How many calls so far could have changed what a crash leaves behind; each is a point at which a test may stop the machine.</summary>
    public long WritePoints { get; private set; }

    /// <summary>The machine stops in the call that is this write point, after a part of its work is done; null to run on.</summary>
    public long? StopAtWritePoint { get; set; }

    /// <summary>Asked before each call. Null, or a plan that answers <see cref="DiskFault.None"/>, lets it succeed.</summary>
    public Func<DiskCall, DiskFault>? Faults { get; set; }

    /// <summary>Called after each call that changed something or read; for the event log of a simulation.</summary>
    public Action<DiskCall>? Observer { get; set; }

    /// <summary>Bytes that all files may take together.</summary>
    public long Capacity { get; set; } = long.MaxValue;

    /// <summary>What files opened for direct I/O ask of positions, lengths and memory lengths; 1 means that direct I/O is refused here, as on tmpfs.</summary>
    public int DirectAlignment { get; set; } = SimulatedInode.PageBytes;

    /// <summary>Whether <see cref="CutPowerInLastWrite"/> may be asked for. Costs a copy of the file's page table for each write, so it is off unless set.</summary>
    public bool RemembersLastWrite { get; set; }

    /// <summary>The machine or process is gone: every call throws <see cref="SimulatedCrashException"/>.</summary>
    public bool IsStopped => _stopped;

    public long TotalBytes => Capacity;

    public long FreeBytes
    {
        get
        {
            lock (_gate) return Capacity - Used();
        }
    }

    /// <summary>Bytes that all files take, reserved ones included.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate) return Used();
        }
    }

    /// <summary>Ends every use of this disk and returns what is there after the next start; calling it again with another seed returns another outcome of the same cut.</summary>
    public SimulatedDisk CutPower(int seed)
    {
        lock (_gate)
        {
            _stopped = true;
            var chance = new Random(seed);
            var mayTear = chance.Next(2) == 0;
            return Successor(_names.AfterPowerCut(chance, inode => inode.AfterPowerCut(chance, ref mayTear)));
        }
    }

    /// <summary>A cut after everything had reached the platter.</summary>
    public SimulatedDisk CutPowerKeepingAll()
    {
        lock (_gate)
        {
            _stopped = true;
            return Successor(_names.AfterPowerCut(null, inode => inode.AllWritten()));
        }
    }

    /// <summary>A cut during the last write: this many of its bytes reached the platter, with all writes and names before it.</summary>
    public SimulatedDisk CutPowerInLastWrite(int keptBytes)
    {
        lock (_gate)
        {
            _stopped = true;
            var last = _lastWrite ?? throw new InvalidOperationException("Nothing was written while RemembersLastWrite was set.");
            return Successor(_names.AfterPowerCut(null, inode => inode.AllWritten()), last, keptBytes);
        }
    }

    /// <summary>How many bytes the last write had; prefixes of it are what <see cref="CutPowerInLastWrite"/> enumerates.</summary>
    public int LastWriteBytes => _lastWrite?.Bytes.Length ?? 0;

    /// <summary>Kill -9: the process is gone, the kernel keeps everything that was written, synced or not. A later power cut may still lose it.</summary>
    public SimulatedDisk Kill()
    {
        lock (_gate)
        {
            _stopped = true;
            return Successor(_names.Copy());
        }
    }

    /// <summary>Damages stored bytes: what bit rot does.</summary>
    public void Flip(string path, long position, byte mask = 1)
    {
        lock (_gate) Existing(path, "Flip").Flip(position, mask);
    }

    /// <summary>The whole file as a reader sees it now, without a call that counts or fails.</summary>
    public byte[] Contents(string path)
    {
        lock (_gate)
        {
            var inode = Existing(path, "Read");
            var bytes = new byte[inode.Length];
            inode.Read(0, bytes);
            return bytes;
        }
    }

    /// <summary>Every file's path, in ordinal order.</summary>
    public IReadOnlyList<string> AllFiles()
    {
        lock (_gate) return [.. _names.Files.Keys];
    }

    public IDiskFile Open(string path, DiskOpenMode mode)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            if (mode.HasFlag(DiskOpenMode.CreateNew))
            {
                if (_names.Files.ContainsKey(path)) throw new DiskException(path, "Create", ErrorNumberExists, "it exists already");
                RequireDirectory(SimulatedNames.DirectoryOf(path), "Create");
                Change(new DiskCall(DiskOperation.Create, path, 0, 0), () => _names.Create(path, new SimulatedInode()));
            }

            var alignment = mode.HasFlag(DiskOpenMode.Direct) ? DirectAlignment : 1;
            return new SimulatedFile(this, path, Existing(path, "Open"), alignment, mode != DiskOpenMode.Read && mode != DiskOpenMode.Direct);
        }
    }

    public bool FileExists(string path)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            return _names.Files.ContainsKey(path);
        }
    }

    public IReadOnlyList<string> ListFiles(string directory)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            return [.. _names.Files.Keys.Where(path => SimulatedNames.DirectoryOf(path) == directory).Select(path => path[(directory.Length == 0 ? 0 : directory.Length + 1)..])];
        }
    }

    public void CreateDirectory(string directory)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            for (var end = directory.IndexOf('/'); ; end = directory.IndexOf('/', end + 1))
            {
                var part = end < 0 ? directory : directory[..end];
                if (!_names.Directories.Contains(part)) Change(new DiskCall(DiskOperation.CreateDirectory, part, 0, 0), () => _names.MakeDirectory(part));
                if (end < 0) return;
            }
        }
    }

    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            Existing(from, "Rename");
            RequireDirectory(SimulatedNames.DirectoryOf(to), "Rename");
            Change(new DiskCall(DiskOperation.Rename, from, 0, 0), () => _names.Rename(from, to));
        }
    }

    public void Delete(string path)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            if (_names.Files.ContainsKey(path)) Change(new DiskCall(DiskOperation.Delete, path, 0, 0), () => _names.Delete(path));
        }
    }

    // To whoever opens files by name there is no difference: the name goes first.
    public void DeleteInPieces(string path) => Delete(path);

    public void SyncDirectory(string directory)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            RequireDirectory(directory, "SyncDirectory");
            Change(new DiskCall(DiskOperation.SyncDirectory, directory, 0, 0), () => _names.Sync(directory));
        }
    }

    internal void Write(SimulatedInode inode, string path, long position, byte[] bytes)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            if (Math.Max(inode.ReservedLength, position + bytes.Length) - inode.ReservedLength > Capacity - Used()) throw NoSpace(path, "Write");
            var before = RemembersLastWrite ? inode.Copy() : null;
            Change(
                new DiskCall(DiskOperation.Write, path, position, bytes.Length),
                () => inode.Write(position, bytes),
                partly: () => inode.Write(position, bytes.AsSpan(0, bytes.Length / 2)));
            if (before is not null) _lastWrite = new LastWrite(inode, before, position, bytes);
        }
    }

    internal void Reserve(SimulatedInode inode, string path, long length)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            if (Math.Max(inode.ReservedLength, length) - inode.ReservedLength > Capacity - Used()) throw NoSpace(path, "Reserve");
            Change(new DiskCall(DiskOperation.Reserve, path, length, 0), () => inode.Reserve(length));
        }
    }

    internal void Truncate(SimulatedInode inode, string path, long length)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            Change(new DiskCall(DiskOperation.Truncate, path, length, 0), () => inode.Truncate(length));
        }
    }

    internal void SyncData(SimulatedInode inode, string path)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            Change(new DiskCall(DiskOperation.SyncData, path, 0, 0), inode.Sync, onFailure: inode.DropUnsynced);
        }
    }

    internal int Read(SimulatedInode inode, string path, long position, Span<byte> destination)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            var call = new DiskCall(DiskOperation.Read, path, position, destination.Length);
            ThrowIfFaulty(call);
            var length = inode.Read(position, destination);
            Observer?.Invoke(call);
            return length;
        }
    }

    internal long NextData(SimulatedInode inode, long position)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            return inode.NextData(position);
        }
    }

    internal long LengthOf(SimulatedInode inode)
    {
        lock (_gate)
        {
            ThrowIfStopped();
            return inode.Length;
        }
    }

    private static DiskFullException NoSpace(string path, string operation) => new(path, operation, ErrorNumberNoSpace);

    private SimulatedDisk Successor(SimulatedNames names, LastWrite? torn = null, int keptBytes = 0)
    {
        if (torn is not null)
        {
            var path = _names.Files.First(entry => entry.Value == torn.Inode).Key;
            var before = torn.Before.AllWritten();
            before.Write(torn.Position, torn.Bytes.AsSpan(0, keptBytes));
            before.Sync();
            names.Files[path] = before;
            names.Create(path, before);
            names.Sync(SimulatedNames.DirectoryOf(path));
        }

        return new SimulatedDisk(names) { Capacity = Capacity, DirectAlignment = DirectAlignment };
    }

    private void Change(in DiskCall call, Action whole, Action? partly = null, Action? onFailure = null)
    {
        WritePoints++;
        if (WritePoints == StopAtWritePoint)
        {
            // Not the whole of it: a machine that stops in a write leaves a part; any other call may or may not have happened, which the cut decides for names.
            if (partly is not null) partly();
            else if (call.Operation is not (DiskOperation.SyncData or DiskOperation.SyncDirectory)) whole();
            _stopped = true;
            throw new SimulatedCrashException(WritePoints);
        }

        ThrowIfFaulty(call, onFailure ?? partly);
        whole();
        Observer?.Invoke(call);
    }

    private void ThrowIfFaulty(in DiskCall call, Action? onFailure = null)
    {
        var fault = Faults?.Invoke(call) ?? DiskFault.None;
        if (fault == DiskFault.None) return;
        onFailure?.Invoke();
        throw fault == DiskFault.NoSpace
            ? NoSpace(call.Path, call.Operation.ToString())
            : new DiskException(call.Path, call.Operation.ToString(), ErrorNumberIo, "input/output error (simulated)");
    }

    private void ThrowIfStopped()
    {
        if (_stopped) throw new SimulatedCrashException(WritePoints);
    }

    private long Used() => _names.Files.Values.Sum(inode => inode.ReservedLength);

    private SimulatedInode Existing(string path, string operation) =>
        _names.Files.TryGetValue(path, out var inode) ? inode : throw new DiskException(path, operation, ErrorNumberNoEntry, "no such file");

    private void RequireDirectory(string directory, string operation)
    {
        if (!_names.Directories.Contains(directory)) throw new DiskException(directory, operation, ErrorNumberNoEntry, "no such directory");
    }
}
