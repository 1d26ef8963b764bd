namespace OrleansStream.Log.Blocks;

/// <summary>Who may hold a lease. Debug and simulation builds count leases for each of them.</summary>
public enum LeaseHolder
{
    /// <summary>The lane, until the block is durable and published.</summary>
    Lane,

    /// <summary>The tail cache, until it evicts the block.</summary>
    TailCache,

    /// <summary>A response, until its last byte is flushed or its connection is gone.</summary>
    Response,

    /// <summary>The splitter, while it cuts a segment; a journal that is being loaded.</summary>
    Splitter,

    /// <summary>The cache of cold reads, until it evicts the window.</summary>
    ReadCache,
}
