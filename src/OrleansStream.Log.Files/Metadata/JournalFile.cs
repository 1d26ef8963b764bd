using System.Buffers.Binary;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>The journal file that is being written: a snapshot, then groups of changes. After the first failure it takes nothing more (rule F1).</summary>
internal sealed class JournalFile : IDisposable
{
    // Large enough that most appends change no file length, small enough that an idle broker wastes nothing.
    public const long ReserveStep = Limits.MiB;
    private const int FlushBytes = 4 * Limits.MiB;

    private readonly IDiskFile _file;
    private readonly JournalBlockBuilder _builder;
    private long _reserved;
    private bool _failed;

    private JournalFile(IDiskFile file, long number)
    {
        _file = file;
        _builder = new JournalBlockBuilder(number);
        Number = number;
    }

    public long Number { get; }

    /// <summary>Where the next group goes.</summary>
    public long Position { get; private set; }

    /// <summary>Everything below is synced.</summary>
    public long DurableEnd { get; private set; }

    public long SnapshotEnd { get; private set; }

    /// <summary>Whether the last block on disk says less than <see cref="DurableEnd"/>: then damage to the last group could pass for a torn write (rule F3).</summary>
    public bool IsEndUnpublished { get; private set; }

    public bool IsUsable => !_failed;

    /// <summary>Writes a snapshot into a new file, synced but without its final name: so far nothing can rely on it.</summary>
    public static JournalFile Build(IDisk disk, JournalTable table, long number)
    {
        var temporary = JournalNames.Temporary(number);
        disk.Delete(temporary);
        var journal = new JournalFile(disk.Open(temporary, DiskOpenMode.Write | DiskOpenMode.CreateNew), number);
        try
        {
            journal.WriteSnapshot(table);
            return journal;
        }
        catch
        {
            journal.Dispose();
            DeleteQuietly(disk, temporary);
            throw;
        }
    }

    /// <summary>Gives the file its name. From the rename on a restart may read it instead of the one before, whether or not the directory sync succeeds.</summary>
    public void Name(IDisk disk)
    {
        disk.Rename(JournalNames.Temporary(Number), JournalNames.File(Number));
        disk.SyncDirectory(JournalNames.Directory);
    }

    /// <summary>Takes nothing more: a successor may already stand under its name.</summary>
    public void Retire() => _failed = true;

    public void Add(JournalRecordKind kind, in JournalEntry entry) => _builder.Add(kind, entry, DurableEnd);

    /// <summary>Makes room for what was added, before anything is written: a full disk then fails nothing but this group.</summary>
    /// <exception cref="DiskFullException">Nothing happened; the file can be used on.</exception>
    public void ReserveAdded()
    {
        _builder.Seal(DurableEnd);
        // And for the empty block that follows it: without that, damage to this group would pass for a torn write.
        var needed = Position + _builder.Bytes.Length + Limits.BlockAlignment;
        if (needed <= _reserved) return;
        _failed = true;
        try
        {
            _file.Reserve(needed + ReserveStep);
            _reserved = needed + ReserveStep;
            _failed = false;
        }
        catch (DiskFullException)
        {
            // The chain goes on from what was written, not from what was built.
            _builder.Rollback();
            _failed = false;
            throw;
        }
    }

    /// <summary>Writes and syncs what was added.</summary>
    public void Commit()
    {
        // Whatever fails from here on leaves an unknown part behind.
        _failed = true;
        _file.Write(Position, [_builder.Bytes]);
        _file.SyncData();
        _failed = false;
        Position += _builder.Bytes.Length;
        DurableEnd = Position;
        IsEndUnpublished = true;
        _builder.Accept();
    }

    /// <summary>Writes an empty block that names the durable end. Not synced: it is a witness against later damage, nothing relies on it.</summary>
    public void PublishEnd()
    {
        if (!IsEndUnpublished || Position + Limits.BlockAlignment > _reserved) return;
        _failed = true;
        _builder.Seal(DurableEnd);
        _file.Write(Position, [_builder.Bytes]);
        _failed = false;
        Position += _builder.Bytes.Length;
        IsEndUnpublished = false;
        _builder.Accept();
    }

    public void Dispose() => _file.Dispose();

    // The space is wanted back, but the first failure is the one to report.
    private static void DeleteQuietly(IDisk disk, string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (Exception)
        {
        }
    }

    private void WriteSnapshot(JournalTable table)
    {
        // Block 0 comes last, since it says where the snapshot ends; the chain of checksums begins at block 1.
        Position = Limits.BlockAlignment;
        foreach (var (key, entry) in table.InOrder())
        {
            _builder.Add(key.Kind, entry, durableEnd: 0);
            if (_builder.Bytes.Length >= FlushBytes) FlushSnapshot();
        }

        FlushSnapshot();
        SnapshotEnd = Position;
        _file.Write(0, [FileHeader(table.LastVersion)]);
        _reserved = Position + ReserveStep;
        _file.Reserve(_reserved);
        _file.SyncData();
        DurableEnd = Position;
    }

    private void FlushSnapshot()
    {
        _builder.Seal(durableEnd: 0);
        _file.Write(Position, [_builder.Bytes]);
        Position += _builder.Bytes.Length;
        _builder.Accept();
    }

    private byte[] FileHeader(long lastVersion)
    {
        var block = new byte[Limits.BlockAlignment];
        BinaryPrimitives.WriteInt64LittleEndian(block.AsSpan(JournalBlock.HeaderBytes), lastVersion);
        var header = new JournalBlock
        {
            FileNumber = Number, Sequence = 0, DurableEnd = 0, SnapshotEnd = SnapshotEnd, PayloadBytes = sizeof(long), Records = 0, Previous = 0,
        };
        header.Seal(block);
        return block;
    }
}
