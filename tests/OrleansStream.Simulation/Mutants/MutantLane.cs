using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Mutants;

/// <summary>A lane that leaves a rule out.</summary>
internal sealed class MutantLane(ILane inner) : ILane
{
    public bool ClosesNoEpoch { get; init; }

    public bool DrainsNothing { get; init; }

    /// <summary>Called with each frame before it gets its place; may replace the owner.</summary>
    public Func<FrameRequest, FrameRequest> OnEnqueue { get; init; } = static request => request;

    public SessionId Session => inner.Session;

    public LaneEnd? End => inner.End;

    public Task<LaneEnd> Ended => inner.Ended;

    public LaneIndex Index => inner.Index;

    public LanePartition PartitionOf(PartitionId partition) => inner.PartitionOf(partition);

    public EnqueueStatus TryEnqueue(in FrameRequest request, out FramePlace place) => inner.TryEnqueue(OnEnqueue(request), out place);

    public ValueTask RoomAsync(CancellationToken cancellationToken) => inner.RoomAsync(cancellationToken);

    public void CloseEpoch(PartitionId partition, LeaderEpoch epoch)
    {
        if (!ClosesNoEpoch) inner.CloseEpoch(partition, epoch);
    }

    public Task DrainAsync(PartitionId partition, CancellationToken cancellationToken) => DrainsNothing ? Task.CompletedTask : inner.DrainAsync(partition, cancellationToken);

    public ValueTask TrimAsync(CancellationToken cancellationToken) => inner.TrimAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => inner.StopAsync(cancellationToken);
}
