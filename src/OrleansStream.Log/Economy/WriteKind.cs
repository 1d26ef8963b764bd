namespace OrleansStream.Log.Economy;

/// <summary>What a write operation on a storage account was for.</summary>
public enum WriteKind
{
    /// <summary>Blocks of lanes, and the fences that end them.</summary>
    Blocks,

    /// <summary>Manifests of partitions.</summary>
    Manifests,

    /// <summary>Segments, and snapshots of producers and journals.</summary>
    Segments,

    /// <summary>Records of the cluster, its brokers, sessions and recoveries, and digests of blocks.</summary>
    Records,
}
