using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups.Offsets;

/// <summary>Partitions whose commit is on the way to the journal. Nothing may remove such an offset because its older value is old.</summary>
internal sealed class InFlightOffsets
{
    private readonly Dictionary<PartitionId, int> _commits = [];

    public IEnumerable<PartitionId> Partitions => _commits.Keys;

    public int Count => _commits.Count;

    public bool Contains(PartitionId partition) => _commits.ContainsKey(partition);

    public void Add(PartitionId partition) => _commits[partition] = _commits.GetValueOrDefault(partition) + 1;

    public void Remove(PartitionId partition)
    {
        if (--_commits[partition] == 0)
        {
            _commits.Remove(partition);
        }
    }
}
