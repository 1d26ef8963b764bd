using System.Buffers;
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

        var content = CatalogCodec.EncodeSnapshot(Catalog.Condense());
        await _journal.SnapshotAsync(new ReadOnlySequence<byte>(content.WrittenMemory), _applied, cancellationToken);
    }

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        // A view that saw the catalog before it was read again must not take it for an older one.
        var covered = _applied = _journal.Handle.Manifest.Snapshot!.CoversTo;
        foreach (var change in CatalogCodec.DecodeSnapshot(snapshot)) Catalog.Apply(change, covered.Value);

        // The last change before it may have removed the last topic, of which a snapshot says nothing.
        Catalog.RaiseTo(covered.Value);
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change) => Apply(offset, CatalogCodec.Read(change));

    private void Apply(Offset offset, CatalogChange change)
    {
        _applied = offset + 1;
        Catalog.Apply(change, _applied.Value);
    }
}
