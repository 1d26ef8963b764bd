using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Journal;

/// <summary>What the journal says about the group: only durable changes come here, both while it runs and when it is loaded, so a reload gives the same.</summary>
internal sealed class DurableGroup
{
    private readonly Dictionary<PartitionId, CommittedOffset> _offsets = [];
    private long _offsetBytes;

    public GroupMetadata? Metadata { get; private set; }

    /// <summary>What the stored generation occupies.</summary>
    public long GenerationBytes { get; private set; }

    public long HeldBytes => GenerationBytes + _offsetBytes;

    public IReadOnlyDictionary<PartitionId, CommittedOffset> Offsets => _offsets;

    public bool Exists => Metadata is not null || _offsets.Count > 0;

    public void Apply(GroupChange change)
    {
        switch (change)
        {
            case MetadataStored stored:
                Keep(stored.Metadata);
                break;
            case OffsetsCommitted committed:
                Put(committed.Offsets);
                break;
            case OffsetsRemoved removed:
                Remove(removed.Partitions);
                break;
            case GroupRemoved:
                Keep(null);
                Clear();
                break;
            case GroupSnapshot snapshot:
                Keep(snapshot.Metadata);
                Clear();
                Put(snapshot.Offsets);
                break;
        }
    }

    /// <summary>In order of partition, so that one state has one encoding.</summary>
    public GroupSnapshot Snapshot() => new(Metadata, List());

    public IReadOnlyList<PartitionOffset> List() =>
        [.. _offsets.Select(pair => new PartitionOffset(pair.Key, pair.Value)).OrderBy(offset => offset.Partition)];

    /// <summary>How much more than now the partition's offset would occupy.</summary>
    public long GrowthBy(PartitionOffset offset) => Memory.HeldBytes.OfOffset(offset.Committed) - BytesOf(offset.Partition);

    private long BytesOf(PartitionId partition) => _offsets.TryGetValue(partition, out var committed) ? Memory.HeldBytes.OfOffset(committed) : 0;

    private void Keep(GroupMetadata? metadata)
    {
        Metadata = metadata;
        GenerationBytes = Memory.HeldBytes.OfGeneration(metadata);
    }

    private void Clear()
    {
        _offsets.Clear();
        _offsets.TrimExcess();
        _offsetBytes = 0;
    }

    private void Remove(IReadOnlyList<PartitionId> partitions)
    {
        foreach (var partition in partitions)
        {
            _offsetBytes -= BytesOf(partition);
            _offsets.Remove(partition);
        }

        // A table keeps the places of what it once had, which nobody counts.
        if (_offsets.Count < _offsets.Capacity / 4)
        {
            _offsets.TrimExcess();
        }
    }

    private void Put(IReadOnlyList<PartitionOffset> offsets)
    {
        foreach (var offset in offsets)
        {
            _offsetBytes += GrowthBy(offset);
            _offsets[offset.Partition] = offset.Committed;
        }
    }
}
