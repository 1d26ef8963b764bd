using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Log;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>The catalog together with the journal that it is kept in: a change is applied once it is durable. One caller at a time.</summary>
internal sealed class CatalogJournal : IJournalState
{
    private readonly JournalPartition _journal;
    private Offset _applied;

    private CatalogJournal(JournalPartition journal)
    {
        _journal = journal;
        _applied = journal.Handle.LogStart;
    }

    public Catalog Catalog { get; } = new();

    /// <summary>False once the journal's partition was closed: everything must be read again under a new epoch.</summary>
    public bool IsOpen => _journal.Handle.IsOwner;

    /// <summary>Reads the whole catalog.</summary>
    /// <returns>Null and why not.</returns>
    /// <exception cref="LogException">Stored bytes are damaged.</exception>
    public static async Task<(CatalogJournal? Journal, ErrorCode Error)> LoadAsync(JournalPartition partition, CancellationToken cancellationToken)
    {
        var journal = new CatalogJournal(partition);
        var error = await partition.LoadAsync(journal, cancellationToken);
        return error == ErrorCode.None ? (journal, error) : (null, error);
    }

    /// <summary>Makes the change durable, then applies it.</summary>
    public async Task<ErrorCode> AppendAsync(CatalogChange change)
    {
        var outcome = await _journal.AppendAsync([CatalogCodec.Encode(change)]);
        if (outcome.Error != ErrorCode.None)
        {
            return outcome.Error;
        }

        Apply(outcome.BaseOffset, change);
        return ErrorCode.None;
    }

    /// <summary>Writes a snapshot if the journal has grown enough to be worth it.</summary>
    public async Task CondenseAsync(CancellationToken cancellationToken)
    {
        if (!_journal.WantsSnapshot)
        {
            return;
        }

        var content = new ArrayBufferWriter<byte>();
        foreach (var change in Catalog.Condense())
        {
            var bytes = CatalogCodec.Encode(change);
            BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(sizeof(int)), bytes.Length);
            content.Advance(sizeof(int));
            content.Write(bytes);
        }

        await _journal.SnapshotAsync(new ReadOnlySequence<byte>(content.WrittenMemory), _applied, cancellationToken);
    }

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        // A view that saw the catalog before it was read again must not take it for an older one.
        var covered = _applied = _journal.Handle.Manifest.Snapshot!.CoversTo;
        while (!snapshot.IsEmpty)
        {
            var length = snapshot.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(snapshot);
            if (length < 0 || length > snapshot.Length - sizeof(int))
            {
                throw new LogException($"A snapshot of the catalog has a change of {length} bytes where {snapshot.Length} are left.");
            }

            Catalog.Apply(Decode(snapshot.Slice(sizeof(int), length)), covered.Value);
            snapshot = snapshot[(sizeof(int) + length)..];
        }

        // The last change before it may have removed the last topic, of which a snapshot says nothing.
        Catalog.RaiseTo(covered.Value);
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change) => Apply(offset, Decode(change));

    private void Apply(Offset offset, CatalogChange change)
    {
        _applied = offset + 1;
        Catalog.Apply(change, _applied.Value);
    }

    private static CatalogChange Decode(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return CatalogCodec.Decode(bytes);
        }
        catch (InvalidDataException exception)
        {
            throw new LogException(exception.Message, exception);
        }
    }
}
