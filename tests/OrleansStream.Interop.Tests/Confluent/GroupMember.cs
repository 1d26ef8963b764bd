using System.Collections.Concurrent;
using Confluent.Kafka;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>A member of a group on a thread of its own: it reads, and knows what it owns. Disposing it leaves the group.</summary>
internal sealed class GroupMember : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, bool> _owned = new();
    private readonly Task _loop;
    private int _records;
    private int _assignments;

    /// <param name="instance">The id of a static member, which stays in the group when it is disposed; null for a dynamic one.</param>
    public GroupMember(string bootstrap, string group, string topic, PartitionAssignmentStrategy strategy, string? instance = null)
    {
        var config = ConfluentClients.GroupConfig(bootstrap, group);
        config.PartitionAssignmentStrategy = strategy;
        config.GroupInstanceId = instance;
        _loop = Task.Factory.StartNew(() => Run(config, topic), TaskCreationOptions.LongRunning);
    }

    /// <summary>The partitions that it owns now.</summary>
    public ICollection<int> Owned => _owned.Keys;

    /// <summary>Records read so far.</summary>
    public int Records => Volatile.Read(ref _records);

    /// <summary>How often the group has given it partitions.</summary>
    public int Assignments => Volatile.Read(ref _assignments);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private void Run(ConsumerConfig config, string topic)
    {
        using var consumer = new ConsumerBuilder<string, string>(config)
            .SetLogHandler((_, _) => { })
            .SetPartitionsAssignedHandler((_, partitions) =>
            {
                Interlocked.Increment(ref _assignments);
                partitions.ForEach(partition => _owned[partition.Partition.Value] = true);
            })
            .SetPartitionsRevokedHandler((_, partitions) => partitions.ForEach(partition => _owned.TryRemove(partition.Partition.Value, out var _)))
            .Build();
        consumer.Subscribe(topic);
        while (!_stop.IsCancellationRequested)
        {
            if (consumer.Consume(TimeSpan.FromMilliseconds(50)) is not null) Interlocked.Increment(ref _records);
        }
        consumer.Close();
    }
}
