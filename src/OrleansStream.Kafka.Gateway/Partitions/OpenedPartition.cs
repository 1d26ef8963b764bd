using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Partitions;

/// <summary>A partition as a request finds it here.</summary>
/// <param name="Handle">Set if it is open here, and only then.</param>
/// <param name="Error">Why not: what the client is told.</param>
/// <param name="Leader">Who owns it, if that is another broker.</param>
internal readonly record struct OpenedPartition(PartitionHandle? Handle, ErrorCode Error, BrokerId? Leader)
{
    public static OpenedPartition Open(PartitionHandle handle) => new(handle, ErrorCode.None, null);

    public static OpenedPartition Failed(ErrorCode error, BrokerId? leader = null) => new(null, error, leader);
}
