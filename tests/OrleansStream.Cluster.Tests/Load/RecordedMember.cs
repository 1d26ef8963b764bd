using Confluent.Kafka;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>A member of a consumer group, which commits what it has read several times a second.</summary>
internal sealed class RecordedMember(RunContext run, string group, string name) : RecordedConsumer(run, name)
{
    private static readonly TimeSpan CommitInterval = TimeSpan.FromMilliseconds(300);

    private readonly Dictionary<int, long> _uncommitted = [];
    private TimeSpan _lastCommit;
    private int _assignments;

    /// <summary>How often it was given partitions.</summary>
    public int Assignments => Volatile.Read(ref _assignments);

    protected override IConsumer<Ignore, string> Open(ConsumerConfig config)
    {
        (config.GroupId, config.AutoOffsetReset) = (group, AutoOffsetReset.Earliest);
        (config.SessionTimeoutMs, config.HeartbeatIntervalMs) = (10_000, 1_000);
        config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
        Run.History.Readers[group] = true;
        var consumer = Quiet(config).SetPartitionsAssignedHandler((_, given) => Take(given))
            .SetPartitionsRevokedHandler((member, taken) => GiveUp(member, taken)).SetPartitionsLostHandler((_, lost) => Lose(lost)).Build();
        consumer.Subscribe(Run.Topic);
        return consumer;
    }

    protected override void Handed(int partition, long offset) => _uncommitted[partition] = offset + 1;

    protected override void Pause(IConsumer<Ignore, string> consumer)
    {
        if (Run.Clock.Now - _lastCommit < CommitInterval) return;
        Commit(consumer);
        _lastCommit = Run.Clock.Now;
    }

    protected override void Leave(IConsumer<Ignore, string> consumer) => Commit(consumer);

    private void Take(List<TopicPartition> given)
    {
        Interlocked.Increment(ref _assignments);
        foreach (var partition in given) Begin(partition.Partition.Value, group);
    }

    private void GiveUp(IConsumer<Ignore, string> consumer, List<TopicPartitionOffset> taken)
    {
        Commit(consumer);
        Lose(taken);
    }

    private void Lose(List<TopicPartitionOffset> lost)
    {
        foreach (var partition in lost)
        {
            Readings.Remove(partition.Partition.Value);
            _uncommitted.Remove(partition.Partition.Value);
        }
    }

    private void Commit(IConsumer<Ignore, string> consumer)
    {
        if (_uncommitted.Count == 0) return;
        var (started, offsets) = (Run.Clock.Now, _uncommitted.ToDictionary());
        var acknowledged = new HashSet<int>();
        try
        {
            consumer.Commit(offsets.Select(offset => new TopicPartitionOffset(Run.Topic, offset.Key, offset.Value)));
            acknowledged = [.. offsets.Keys];
        }
        catch (TopicPartitionOffsetException some)
        {
            acknowledged = [.. some.Results.Where(result => !result.Error.IsError).Select(result => result.Partition.Value)];
        }
        catch (KafkaException)
        {
            // Nothing is known of any.
        }
        foreach (var (partition, offset) in offsets)
        {
            Run.History.Commits.Enqueue(new(group, partition, offset, acknowledged.Contains(partition), started, Run.Clock.Now));
            if (acknowledged.Contains(partition)) _uncommitted.Remove(partition);
        }
    }
}
