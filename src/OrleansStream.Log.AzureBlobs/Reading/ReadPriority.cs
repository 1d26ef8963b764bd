namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Who waits for a read. Each kind has limits of its own, so that none takes the account, the network or the memory from the others; producers go another way altogether.</summary>
internal enum ReadPriority
{
    /// <summary>WAL extents for consumers and opens: what the tail cache gave up a moment ago, what a dead session left.</summary>
    Hot,

    /// <summary>Segments for consumers.</summary>
    Cold,

    /// <summary>Splitting, merging, compaction.</summary>
    Background,
}
