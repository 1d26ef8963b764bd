namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>One partition as it stands at the end, to look things up in.</summary>
internal sealed class PartitionLog
{
    private readonly Dictionary<long, StoredRecord> _byOffset = [];
    private readonly Dictionary<RecordName, long> _firstOffset = [];

    public PartitionLog(int partition, IReadOnlyList<StoredRecord> records)
    {
        (Partition, Records) = (partition, records);
        foreach (var record in records)
        {
            _byOffset.TryAdd(record.Offset, record);
            _firstOffset.TryAdd(record.Name, record.Offset);
        }
    }

    public int Partition { get; }

    /// <summary>In the order in which they were read.</summary>
    public IReadOnlyList<StoredRecord> Records { get; }

    /// <summary>The offset that the next record would get.</summary>
    public long End => Records.Count == 0 ? 0 : Records[^1].Offset + 1;

    public StoredRecord? At(long offset) => _byOffset.TryGetValue(offset, out var record) ? record : null;

    public long? OffsetOf(RecordName name) => _firstOffset.TryGetValue(name, out var offset) ? offset : null;
}
