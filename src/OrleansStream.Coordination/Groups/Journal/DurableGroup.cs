using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>What the journal says about the group: only durable changes come here, both while it runs and when it is loaded, so a reload gives the same.</summary>
internal sealed class DurableGroup
{
    private readonly Dictionary<PartitionId, CommittedOffset> _offsets = [];

    public GroupMetadata? Metadata { get; private set; }

    public IReadOnlyDictionary<PartitionId, CommittedOffset> Offsets => _offsets;

    public bool Exists => Metadata is not null || _offsets.Count > 0;

    public void Apply(GroupChange change)
    {
        switch (change)
        {
            case MetadataStored stored:
                Metadata = stored.Metadata;
                break;
            case OffsetsCommitted committed:
                Put(committed.Offsets);
                break;
            case OffsetsRemoved removed:
                foreach (var partition in removed.Partitions)
                {
                    _offsets.Remove(partition);
                }

                break;
            case GroupRemoved:
                Metadata = null;
                _offsets.Clear();
                break;
            case GroupSnapshot snapshot:
                Metadata = snapshot.Metadata;
                _offsets.Clear();
                Put(snapshot.Offsets);
                break;
        }
    }

    /// <summary>In order of partition, so that one state has one encoding.</summary>
    public GroupSnapshot Snapshot() => new(Metadata, List());

    public IReadOnlyList<PartitionOffset> List() =>
        [.. _offsets.Select(pair => new PartitionOffset(pair.Key, pair.Value)).OrderBy(offset => offset.Partition)];

    private void Put(IReadOnlyList<PartitionOffset> offsets)
    {
        foreach (var offset in offsets)
        {
            _offsets[offset.Partition] = offset.Committed;
        }
    }
}
