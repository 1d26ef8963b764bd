using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// What one consumer knows of its group: the offsets that it commits, ever higher ones, and how far it has heard that they stand. It asks brokers that it takes
/// for the group's coordinator, and one of them may have been replaced.
/// </summary>
internal sealed class GroupHistory(ClusterWorld world, string id, PartitionId journal)
{
    private readonly Dictionary<PartitionId, long> _tried = [];
    private readonly Dictionary<PartitionId, long> _known = [];

    public string Id => id;

    /// <summary>The partition that its changes are kept in.</summary>
    public PartitionId Journal => journal;

    public static PartitionSettings Settings { get; } = new() { Deletes = false };

    /// <summary>The partitions that it has committed offsets of, or tried to.</summary>
    public IEnumerable<PartitionId> Partitions => _tried.Keys;

    /// <summary>How often it has heard that a commit stands.</summary>
    public int Acknowledged { get; private set; }

    /// <summary>How often it was told a committed offset.</summary>
    public int Shown { get; private set; }

    /// <summary>What is committed next.</summary>
    public long Next(PartitionId partition, int step) => _tried[partition] = _tried.GetValueOrDefault(partition) + step;

    /// <summary>The lowest offset that whoever asks from now on may be told.</summary>
    public long KnownOf(PartitionId partition) => _known.GetValueOrDefault(partition, -1);

    public void OnCommitted(PartitionId partition, long offset, ErrorCode error)
    {
        if (error != ErrorCode.None) return;
        Acknowledged++;
        Know(partition, offset);
    }

    /// <summary>A broker has told the committed offset; -1 if there is none.</summary>
    /// <param name="partition">Of which partition.</param>
    /// <param name="offset">What it told.</param>
    /// <param name="least">What was known when it was asked.</param>
    /// <param name="by">Who told it, by which handle of the journal.</param>
    public void OnShown(PartitionId partition, long offset, long least, (ClusterBroker Broker, PartitionHandle Handle) by)
    {
        if (offset > _tried.GetValueOrDefault(partition, -1)) throw new ViolationException($"Group {id}: {by.Broker} tells offset {offset} of {partition}, which nobody has committed");
        if (offset < least && !MayBeBehind(by)) throw new ViolationException($"Group {id}: {by.Broker} tells offset {offset} of {partition} in epoch {by.Handle.Epoch}, after {least} was known");
        Know(partition, offset);
        Shown++;
    }

    // A coordinator that was replaced tells a prefix until it learns of it, as in Kafka; but not when it has stood still, and was replaced meanwhile (rule W2).
    private bool MayBeBehind((ClusterBroker Broker, PartitionHandle Handle) by) => world.LostAt(by.Handle) is { } lost && !(by.Broker.Woke > lost);

    private void Know(PartitionId partition, long offset) => _known[partition] = Math.Max(offset, _known.GetValueOrDefault(partition, -1));
}
