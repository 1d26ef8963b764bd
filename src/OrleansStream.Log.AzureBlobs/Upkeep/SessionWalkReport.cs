namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>What a walk over the session records found and did.</summary>
public sealed class SessionWalkReport
{
    /// <summary>Sessions that somebody may append to.</summary>
    public int SessionsAlive { get; internal set; }

    /// <summary>Dead sessions that are still needed by some partition.</summary>
    public int SessionsNeeded { get; internal set; }

    /// <summary>Dead sessions that were closed now.</summary>
    public int SessionsClosed { get; internal set; }

    /// <summary>Closed sessions of which nothing is left, not even the record.</summary>
    public int SessionsForgotten { get; internal set; }

    /// <summary>Blocks of closed sessions that were deleted; fences that nobody needs any more included.</summary>
    public long BlocksDeleted { get; internal set; }

    /// <summary>Partitions that still need a dead session.</summary>
    public int PartitionsWaiting { get; internal set; }

    /// <summary>Of those, the ones that were asked to be opened, since nobody had done so for long.</summary>
    public int PartitionsOpened { get; internal set; }

    /// <summary>Sessions that could not be judged: storage failed, or they are damaged.</summary>
    public int Failures { get; internal set; }

    /// <summary>Whether another walk is worth it soon, and not only in a day or when a broker comes or goes.</summary>
    public bool HasMoreToDo { get; internal set; }
}
