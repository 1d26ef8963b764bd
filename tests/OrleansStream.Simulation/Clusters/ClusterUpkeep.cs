using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;

namespace OrleansStream.Simulation.Clusters;

/// <summary>Options of the background work, by the seed: in small worlds little makes it due.</summary>
internal sealed class ClusterUpkeep(Random chance)
{
    public SplitOptions Split { get; } = new() { CarryBytes = chance.Next(4) switch { 0 => 0, 1 => 500, _ => 8_000 }, BudgetBytes = 128 * 1024, CarryAtOnceBytes = 8 * 1024 };

    public UnsplitOptions Unsplit { get; } = new() { PartitionBytes = 1 << (9 + chance.Next(7)), LaneBytes = 1 << (12 + chance.Next(8)), MaxAge = TimeSpan.FromSeconds(1 + chance.Next(chance.Next(2) == 0 ? 10 : 200)) };

    public MergeOptions Merge { get; } = new() { SmallBytes = chance.Next(3) == 0 ? 0 : 8 * 1024, MaxBytes = 16 * 1024, Count = 2 + chance.Next(3) };

    public UpkeepOptions Options { get; } = new()
    {
        RetentionInterval = TimeSpan.FromSeconds(1 + chance.Next(60)),
        SweepInterval = TimeSpan.FromSeconds(chance.Next(2) == 0 ? 20 : 100_000),
        IdleClose = TimeSpan.FromSeconds(chance.Next(2) == 0 ? 20 : 1_800),
    };
}
