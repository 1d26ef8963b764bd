using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>A partition as a request finds it here.</summary>
/// <param name="Handle">Set if it is open here, and only then.</param>
/// <param name="Error">Why not: what the client is told.</param>
/// <param name="Leader">Who owns it, if that is another broker.</param>
internal readonly record struct OpenedPartition(PartitionHandle? Handle, ErrorCode Error, KnownLeader? Leader)
{
    public static OpenedPartition Open(PartitionHandle handle) => new(handle, ErrorCode.None, null);

    public static OpenedPartition Failed(ErrorCode error, KnownLeader? leader = null) => new(null, error, leader);
}

/// <summary>A broker that clients are sent to (KIP-951).</summary>
/// <param name="Broker">Which.</param>
/// <param name="Epoch">
/// The newest epoch that is known of the partition: that in which the broker serves it, if it has said so. Clients follow the hint at once only if they knew an older one; else they
/// ask for metadata, as they would without it.
/// </param>
internal readonly record struct KnownLeader(BrokerId Broker, LeaderEpoch Epoch);
