namespace OrleansStream.Log.Lanes;

/// <summary>Whom to tell of a frame.</summary>
internal readonly record struct PlacedFrame(LanePartition Partition, IFrameOwner Owner, object? State, bool IsCarried);
