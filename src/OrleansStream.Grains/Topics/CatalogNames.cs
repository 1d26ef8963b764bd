using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Journals;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>What people call partitions, from what stands in the catalog's journal. Also those of topics whose deletion has begun.</summary>
public sealed class CatalogNames : IJournalState
{
    private readonly Catalog _catalog = new();

    /// <summary>A name such as orders-3; null for a partition of a topic that the journal, as far as it was read, does not know.</summary>
    public string? NameOf(PartitionId partition) =>
        PartitionNames.Of(partition, _catalog.Snapshot.Find(partition.Topic) ?? _catalog.Leaving.FirstOrDefault(topic => topic.Id == partition.Topic));

    public void Restore(ReadOnlySpan<byte> snapshot)
    {
        foreach (var change in CatalogCodec.DecodeSnapshot(snapshot)) _catalog.Apply(change, 0);
    }

    public void Apply(Offset offset, ReadOnlySpan<byte> change) => _catalog.Apply(CatalogCodec.Read(change), offset.Value + 1);
}
