namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Who waits for a read. Each kind has limits of its own, so that none takes the account, the network or the memory from the others; producers go another way altogether.</summary>
internal enum ReadPriority
{
    /// <summary>Opens of partitions and hand-overs: producers and consumers wait until another broker has what this one or a dead one left.</summary>
    Open,

    /// <summary>WAL extents for consumers: what the tail cache gave up a moment ago.</summary>
    Hot,

    /// <summary>Segments for consumers.</summary>
    Cold,

    /// <summary>Splitting, merging, compaction.</summary>
    Background,
}
