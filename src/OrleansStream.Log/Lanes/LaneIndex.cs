using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What the current session holds of each partition, keyed by offset range. Published frames only. Safe for any number of readers.</summary>
public sealed class LaneIndex
{
    /// <summary>Adds what the session holds of the partition at or above the offset, in offset order.</summary>
    public void CopyTo(PartitionId partition, Offset from, List<WalExtent> extents) => throw new NotImplementedException();

    /// <summary>The offset after the last published frame of the partition in this session; null if it published none.</summary>
    public Offset? PublishedEnd(PartitionId partition) => throw new NotImplementedException();

    /// <summary>Forgets what a segment of the manifest or log start covers (rule S3): everything below the offset.</summary>
    public void ForgetBelow(PartitionId partition, Offset offset) => throw new NotImplementedException();
}
