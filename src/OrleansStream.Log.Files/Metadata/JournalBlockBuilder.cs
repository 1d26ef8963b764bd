using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>Packs records into blocks of one file, in memory that is used again. Not thread safe.</summary>
internal sealed class JournalBlockBuilder(long fileNumber)
{
    /// <summary>Length, kind and version in front of each payload.</summary>
    public const int RecordHeaderBytes = 4 + 1 + 8;

    /// <summary>The largest payload of one record.</summary>
    public const int MaxPayloadBytes = JournalBlock.MaxBytes - JournalBlock.HeaderBytes - RecordHeaderBytes;

    private readonly ArrayBufferWriter<byte> _output = new(64 * 1024);
    private int _blockStart;
    private int _records;
    private bool _isOpen;

    private long _nextSequence = 1;
    private uint _previous;
    private (long Sequence, uint Previous) _accepted = (1, 0);

    public ReadOnlyMemory<byte> Bytes => _output.WrittenMemory;

    /// <summary>The bytes stand in the file: the next block follows them.</summary>
    public void Accept()
    {
        _accepted = (_nextSequence, _previous);
        _output.ResetWrittenCount();
    }

    /// <summary>None of the bytes was written: the next block takes their place.</summary>
    public void Rollback()
    {
        (_nextSequence, _previous) = _accepted;
        _output.ResetWrittenCount();
    }

    /// <summary>Adds a record to the open block, or to a new one if it would grow too large.</summary>
    public void Add(JournalRecordKind kind, in JournalEntry entry, long durableEnd)
    {
        var length = RecordHeaderBytes + entry.Payload.Length;
        if (_isOpen && _output.WrittenCount - _blockStart + length > JournalBlock.MaxBytes) Seal(durableEnd);
        Begin();
        var span = _output.GetSpan(length);
        BinaryPrimitives.WriteInt32LittleEndian(span, length - 4);
        span[4] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(span[5..], entry.Version);
        entry.Payload.CopyTo(span[RecordHeaderBytes..]);
        _output.Advance(length);
        _records++;
    }

    /// <summary>Closes the open block; with nothing open, makes an empty one.</summary>
    public void Seal(long durableEnd, long snapshotEnd = 0)
    {
        Begin();
        var payload = _output.WrittenCount - _blockStart - JournalBlock.HeaderBytes;
        var header = new JournalBlock
        {
            FileNumber = fileNumber,
            Sequence = _nextSequence,
            DurableEnd = durableEnd,
            SnapshotEnd = snapshotEnd,
            PayloadBytes = payload,
            Records = _records,
            Previous = _previous,
        };
        var padding = header.StoredBytes - (_output.WrittenCount - _blockStart);
        _output.GetSpan(padding)[..padding].Clear();
        _output.Advance(padding);
        _previous = header.Seal(MemoryMarshal.AsMemory(_output.WrittenMemory)[_blockStart..].Span);
        _nextSequence++;
        _isOpen = false;
    }

    private void Begin()
    {
        if (_isOpen) return;
        _isOpen = true;
        _records = 0;
        _blockStart = _output.WrittenCount;
        _output.GetSpan(JournalBlock.HeaderBytes);
        _output.Advance(JournalBlock.HeaderBytes);
    }
}
