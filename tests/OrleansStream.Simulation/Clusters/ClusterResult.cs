namespace OrleansStream.Simulation.Clusters;

/// <summary>How a cluster's schedule went.</summary>
/// <param name="EventHash">Over all that happened, in order.</param>
/// <param name="Lives">How often a process was started.</param>
/// <param name="Acknowledged">Appends that were answered without an error.</param>
/// <param name="Opened">Opens that gave a handle.</param>
/// <param name="Released">Releases that another broker's claim went on from.</param>
internal readonly record struct ClusterResult(ulong EventHash, int Lives, int Acknowledged, int Opened, int Released)
{
    /// <summary>Commits of groups that were acknowledged.</summary>
    public int Commits { get; init; }

    /// <summary>Answers that made ready for letting go of a partition.</summary>
    public int Prepared { get; init; }

    /// <summary>Segments and snapshots that came to stand.</summary>
    public int Objects { get; init; }

    /// <summary>Deletions of them.</summary>
    public int ObjectsDeleted { get; init; }

    /// <summary>Deletions of blocks.</summary>
    public int BlocksDeleted { get; init; }
}
