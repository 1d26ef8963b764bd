using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>What a lane is made of. Everything that is not deterministic comes from here.</summary>
public sealed record LaneSetup
{
    /// <summary>A name that was never used. Its record exists already, and the broker registry names it.</summary>
    public required SessionId Session { get; init; }

    public int ClusterGeneration { get; init; }

    public required ILaneStore Store { get; init; }

    public required ISessionStore Sessions { get; init; }

    /// <summary>Shared by all lanes of the process, one after the other or at once.</summary>
    public required ClosedEpochs ClosedEpochs { get; init; }

    public required SlabPool Slabs { get; init; }

    public required TimeProvider Time { get; init; }

    /// <summary>For write nonces; used by the writer alone.</summary>
    public required Random Random { get; init; }

    /// <summary>Where blocks are published: one task at a time.</summary>
    public required TaskScheduler Dispatcher { get; init; }

    /// <summary>Called when there may be something for <see cref="Lane.WriteSealed"/>; from any thread, after a lock was left. It must not block.</summary>
    public required Action WakeWriter { get; init; }

    public ILaneObserver? Observer { get; init; }

    /// <summary>Told of each flush. Null: nobody is.</summary>
    public LaneMetrics? Metrics { get; init; }

    /// <summary>Memory of open and unpublished blocks, in whole slabs. At the bound appends are answered <see cref="EnqueueStatus.Full"/>. At least 16 MiB; 32 MiB unless set.</summary>
    public long MaxOpenBytes { get; init; } = 32L * Limits.MiB;

    /// <summary>Size at which a block is sealed. 4 KiB to 16 MiB; 4 MiB unless set.</summary>
    public int BlockBytes { get; init; } = Limits.BlockBytes;

    /// <summary>Most bytes for one write; the rest waits for the next one, so that memory comes free step by step. 8 MiB unless set.</summary>
    public long MaxWriteBytes { get; init; } = 8L * Limits.MiB;

    /// <summary>How long frames wait for company. <see cref="LaneLinger.None"/> unless set.</summary>
    public LaneLinger Linger { get; init; } = LaneLinger.None;

    /// <summary>What the broker's writes may cost, shared by its lanes; it stretches the lingers. Null: no bound. Whoever counts operations spends them, not the lane.</summary>
    public WriteBudget? Budget { get; init; }

    /// <summary>After this time without a new block the durable end is published in an empty one (rule F3). 50 ms unless set.</summary>
    public TimeSpan IdlePublication { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>How long blocks outlive the trim that gave them up, for readers that are under way (rule T2). 10 minutes unless set.</summary>
    public TimeSpan ReadGrace { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Least time between two records of the trim point, unless <see cref="TrimBytes"/> come free. Zero unless set: on files a record costs nothing of its own.</summary>
    public TimeSpan TrimInterval { get; init; }

    /// <summary>Bytes of blocks for which the trim point is recorded before <see cref="TrimInterval"/> is over. 0 or more; 16 MiB unless set.</summary>
    public long TrimBytes { get; init; } = 16L * Limits.MiB;
}
