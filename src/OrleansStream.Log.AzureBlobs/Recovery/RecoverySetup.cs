using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>What recovers the sessions of a container.</summary>
public sealed record RecoverySetup
{
    public required IBlobContainer Container { get; init; }

    public required ISessionStore Sessions { get; init; }

    /// <summary>The pauses between tries of one fence, and how long it may go without an outcome.</summary>
    public required UndecidedPuts Undecided { get; init; }

    /// <summary>Blocks of another one are damage (rule M5).</summary>
    public int ClusterGeneration { get; init; }

    /// <summary>Blocks that are read at once. 1 to 64; 16 unless set.</summary>
    public int ReadsAtOnce { get; init; } = 16;

    /// <summary>Memory of a summary, as an estimate that is above its stored bytes; one that would take more is written without what it knows of producers. 48 MiB unless set.</summary>
    public long MaxSummaryMemory { get; init; } = 48L * 1024 * 1024;
}
