using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;

namespace OrleansStream.Log.Brokers;

/// <summary>What <see cref="BrokerLogMetrics"/> looks at.</summary>
public sealed record BrokerLogSources
{
    /// <summary>Has a lane.</summary>
    public required LaneKeeper Lanes { get; init; }

    public required TailCache Tail { get; init; }

    public required SlabPool Slabs { get; init; }

    /// <summary>The bound on memory of blocks that are not published.</summary>
    public required long MaxOpenBytes { get; init; }

    /// <summary>The bound on the tail cache.</summary>
    public required long MaxTailBytes { get; init; }

    /// <summary>How many partitions are being opened.</summary>
    public required Func<int> Opening { get; init; }

    /// <summary>How many partitions are known to be damaged.</summary>
    public required Func<int> Damaged { get; init; }
}
