using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>The partitions of one consumer, remembered between its fetches (KIP-227). Used by one request at a time, which <see cref="FetchSessions"/> sees to.</summary>
internal sealed class FetchSession(int id, bool usesIds, long created)
{
    public const int FirstEpoch = 1;

    private readonly LinkedList<FetchItem> _order = new();
    private readonly Dictionary<FetchKey, LinkedListNode<FetchItem>> _items = [];

    public int Id { get; } = id;

    /// <summary>Whether its topics are named by id; a request of the other kind does not fit.</summary>
    public bool UsesIds { get; } = usesIds;

    /// <summary>When it was made, as a timestamp of the clock.</summary>
    public long Created { get; } = created;

    /// <summary>When it was used last, likewise.</summary>
    public long LastUsed { get; set; } = created;

    /// <summary>The epoch that its next request must have.</summary>
    public int NextEpoch { get; private set; } = FirstEpoch;

    /// <summary>A request of it is under way.</summary>
    public bool InUse { get; set; }

    /// <summary>The waiter of its fetches, with its links: a session that waits again and again allocates nothing.</summary>
    public FetchWait Wait { get; } = new();

    public int Count => _items.Count;

    /// <summary>Its part of the bound on partitions; kept by <see cref="FetchSessions"/>.</summary>
    public int Charged { get; set; }

    /// <summary>In the order in which they are read: who gave data last comes last.</summary>
    public LinkedList<FetchItem> Items => _order;

    public void Advance() => NextEpoch = NextEpoch == int.MaxValue ? FirstEpoch : NextEpoch + 1;

    /// <summary>Adds what is new, updates what is known, drops what is forgotten.</summary>
    public void Update(FetchRequest request)
    {
        foreach (var topic in request.Topics)
        {
            foreach (var partition in topic.Partitions)
            {
                var key = new FetchKey(UsesIds ? "" : topic.Name, topic.TopicId, partition.Index);
                if (!_items.TryGetValue(key, out var node))
                {
                    node = _order.AddLast(new FetchItem(key));
                    _items.Add(key, node);
                }

                node.Value.Update(partition);
            }
        }

        foreach (var topic in request.ForgottenTopics)
        {
            foreach (var index in topic.PartitionIndexes)
            {
                if (_items.Remove(new FetchKey(UsesIds ? "" : topic.Name, topic.TopicId, index), out var node))
                {
                    _order.Remove(node);
                }
            }
        }
    }

    /// <summary>The partition gave data: others have their turn first next time.</summary>
    public void MoveToEnd(FetchItem item)
    {
        var node = _items[item.Key];
        _order.Remove(node);
        _order.AddLast(node);
    }
}
