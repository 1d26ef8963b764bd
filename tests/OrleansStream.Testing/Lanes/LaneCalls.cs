using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Testing.Lanes;

/// <summary>Short ways to say what lane tests say often.</summary>
public static class LaneCalls
{
    public static PartitionId Partition(int index) => new(new TopicId(new Guid(7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9)), index);

    /// <summary>A request for one frame of one offset.</summary>
    public static FrameRequest Request(LanePartition partition, IFrameOwner owner, long offset, int length = 100, int epoch = 0, object? state = null, LatencyClass latencyClass = LatencyClass.Low) => new()
    {
        Partition = partition,
        Epoch = new LeaderEpoch(epoch),
        BaseOffset = new Offset(offset),
        LastOffset = new Offset(offset),
        MaxTimestampMs = offset,
        Length = length,
        Kind = FrameKind.Records,
        Owner = owner,
        State = state ?? offset,
        LatencyClass = latencyClass,
    };

    /// <summary>Enqueues the frame and fills it with bytes that follow from its offset.</summary>
    public static EnqueueStatus Append(this ILane lane, in FrameRequest request)
    {
        var status = lane.TryEnqueue(request, out var place);
        if (status == EnqueueStatus.Accepted) Fill(place, request.BaseOffset.Value);
        return status;
    }

    public static void Fill(in FramePlace place, long seed)
    {
        var destination = place.Destination;
        for (var i = 0; i < destination.Length; i++) destination[i] = (byte)(seed + i);
        place.Filled(Crc32C.Hash(destination));
    }
}
