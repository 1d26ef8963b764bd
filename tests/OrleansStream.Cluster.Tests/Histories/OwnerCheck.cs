namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>
/// Who has acknowledged in which epoch. The broker is known of producers that ask one alone; the epoch stands in the record's batch, where its owner wrote it
/// and no later owner changes it.
/// </summary>
internal static class OwnerCheck
{
    public static IEnumerable<Violation> Violations(History history, IReadOnlyDictionary<int, PartitionLog> logs)
    {
        var owners = new Dictionary<(int Partition, int Epoch), (int Broker, Append First)>();
        foreach (var append in history.Appends.Where(append => append.Outcome == AppendOutcome.Acknowledged))
        {
            if (history.Producers[append.Name.Producer].Broker is not { } broker) continue;
            if (logs.GetValueOrDefault(append.Partition)?.At(append.Offset) is not { Epoch: >= 0 } record || record.Name != append.Name) continue;

            var key = (append.Partition, record.Epoch);
            if (owners.TryAdd(key, (broker, append)) || owners[key].Broker == broker) continue;
            var (other, first) = owners[key];
            yield return new(
                ViolationKind.TwoOwnersInOneEpoch,
                $"partition {append.Partition}, epoch {record.Epoch}: broker {other} acknowledged offset {first.Offset}, broker {broker} offset {append.Offset}");
        }
    }
}
