using System.Buffers.Binary;
using OrleansStream.Log.Storage;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>
/// Reads one journal file into a table, up to the end that rule F3 gives: the first block that does not verify, unless a later block that does verify
/// knew that position durable, or the snapshot reaches beyond it. Then acknowledged bytes are damaged.
/// </summary>
internal sealed class JournalReader(IDiskFile file, string path, long number)
{
    private const int ChunkBytes = Limits.MiB;

    private readonly long _length = file.Length;
    private byte[] _buffer = new byte[Math.Min(ChunkBytes, file.Length)];
    private long _bufferStart;
    private int _buffered;
    private long _records;

    /// <summary>Where the file's valid blocks end.</summary>
    public long End { get; private set; }

    /// <exception cref="CorruptBlockException">Bytes that were durable do not verify.</exception>
    public void ReadInto(JournalTable table)
    {
        var (header, snapshotEnd) = ReadFileHeader(table);
        var position = (long)header.StoredBytes;
        var previous = 0u;
        for (var sequence = 1L; ; sequence++)
        {
            if (!TryBlock(position, out var block, out var stored, out var checksum) || block.Sequence != sequence || block.Previous != previous)
            {
                ThrowIfDurable(position, snapshotEnd);
                End = position;
                return;
            }

            Apply(stored.Slice(JournalBlock.HeaderBytes, block.PayloadBytes), block.Records, position, table);
            previous = checksum;
            position += block.StoredBytes;
        }
    }

    private (JournalBlock Header, long SnapshotEnd) ReadFileHeader(JournalTable table)
    {
        var head = Bytes(0, JournalBlock.HeaderBytes);
        if (!JournalBlock.TryRead(head, number, out _, out var version) && version > 1)
        {
            throw new CorruptBlockException(path, 0, $"the journal has format {version}; this version reads format 1.");
        }

        if (!TryBlock(0, out var header, out var stored, out _) || header.Sequence != 0 || header.PayloadBytes < sizeof(long))
        {
            throw new CorruptBlockException(path, 0, "the first block of the metadata journal does not verify.");
        }

        table.ContinueAfter(BinaryPrimitives.ReadInt64LittleEndian(stored[JournalBlock.HeaderBytes..]));
        return (header, header.SnapshotEnd);
    }

    private void Apply(ReadOnlySpan<byte> payload, int records, long position, JournalTable table)
    {
        var rest = payload;
        for (var i = 0; i < records; i++, _records++)
        {
            try
            {
                var reader = new RecordReader(rest);
                var length = reader.Int32();
                if (length < JournalBlockBuilder.RecordHeaderBytes - 4 || length > reader.Remaining) throw new FormatException($"a length of {length} does not fit");
                var kind = (JournalRecordKind)reader.Byte();
                var version = reader.Int64();
                var content = rest.Slice(JournalBlockBuilder.RecordHeaderBytes, length + 4 - JournalBlockBuilder.RecordHeaderBytes);
                table.Set(JournalTable.KeyOf(kind, content), new JournalEntry(content.ToArray(), version));
                rest = rest[(4 + length)..];
            }
            catch (FormatException error)
            {
                throw new CorruptBlockException(path, position, $"record {_records} of the metadata journal cannot be read: {error.Message}");
            }
        }
    }

    // Only blocks of this file count, so that what a reserved range held before proves nothing.
    private void ThrowIfDurable(long end, long snapshotEnd)
    {
        if (end < snapshotEnd)
        {
            throw new CorruptBlockException(path, end, $"a block of the snapshot, which reaches to byte {snapshotEnd}, does not verify; it begins with record {_records}.");
        }

        for (var later = end; later < file.Length; later += Limits.BlockAlignment)
        {
            if (TryBlock(later, out var block, out _, out _) && block.DurableEnd > end)
            {
                throw new CorruptBlockException(
                    path,
                    end,
                    $"a block that was durable does not verify; it begins with record {_records}. The block at byte {later} knew everything below byte {block.DurableEnd} durable.");
            }
        }
    }

    private bool TryBlock(long position, out JournalBlock block, out Span<byte> stored, out uint checksum)
    {
        stored = default;
        checksum = 0;
        if (!JournalBlock.TryRead(Bytes(position, JournalBlock.HeaderBytes), number, out block, out _)) return false;
        stored = Bytes(position, block.StoredBytes);
        return stored.Length == block.StoredBytes && JournalBlock.Verify(stored, out checksum);
    }

    // Shorter than asked only at the end of the file.
    private Span<byte> Bytes(long position, int length)
    {
        // A damaged header may claim more than there is: nothing is allocated for that.
        length = (int)Math.Clamp(_length - position, 0, length);
        var isBuffered = position >= _bufferStart && position + length <= _bufferStart + _buffered;
        if (!isBuffered)
        {
            if (_buffer.Length < length) _buffer = new byte[length];
            _bufferStart = position;
            _buffered = file.Read(position, _buffer);
        }

        var at = (int)(position - _bufferStart);
        return _buffer.AsSpan(at, Math.Min(length, _buffered - at));
    }
}
