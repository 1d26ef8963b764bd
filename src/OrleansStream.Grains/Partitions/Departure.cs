using OrleansStream.Grains.Cluster;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Partitions;

/// <summary>A broker that is gone, and what of its partitions falls to this one.</summary>
/// <param name="Broker">As it was known until then.</param>
/// <param name="Session">The last session of its lane; null if nothing says any more which one it was.</param>
/// <param name="Mine">Of what it served then, that which placement gives to this broker.</param>
/// <param name="FoundAt">The time stamp of when it was found gone.</param>
internal sealed record Departure(LiveBroker Broker, SessionId? Session, IReadOnlyList<PartitionId> Mine, long FoundAt)
{
    /// <summary>Somebody was told already that it takes long.</summary>
    public bool IsToldLate { get; set; }
}
