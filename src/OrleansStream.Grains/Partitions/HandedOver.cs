using System.Collections.Concurrent;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>How many partitions other brokers took at this one's request, by broker. Counts on while it is read.</summary>
internal sealed class HandedOver
{
    private readonly ConcurrentDictionary<BrokerId, int> _taken = new();

    public int Total => _taken.Values.Sum();

    public void Add(BrokerId target, int partitions)
    {
        if (partitions > 0)
        {
            _taken.AddOrUpdate(target, partitions, (_, before) => before + partitions);
        }
    }

    /// <summary>Such as <c>12 to broker 1, 13 to broker 3</c>.</summary>
    public override string ToString() => _taken.IsEmpty ? "none" : string.Join(", ", _taken.OrderBy(static target => target.Key.Value).Select(static target => $"{target.Value} to broker {target.Key}"));
}
