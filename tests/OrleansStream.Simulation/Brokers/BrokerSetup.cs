using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Brokers;

/// <summary>What a <see cref="SimulatedBroker"/> is told about its world. Sizes are small, so that a short schedule fills files and segments.</summary>
internal sealed record BrokerSetup
{
    public Mutation Mutation { get; init; } = new();

    public int FileBytes { get; init; } = 64 * 1024;

    /// <summary>Above it old files are emptied; never unless set.</summary>
    public long MaxWalBytes { get; init; } = long.MaxValue / 2;

    public int CarryBytes { get; init; }

    public int SegmentBytes { get; init; } = 16 * 1024;

    public TimeSpan ReadGrace { get; init; } = TimeSpan.FromMinutes(10);

    public Func<PartitionId, PartitionSettings> SettingsOf { get; init; } = static _ => new PartitionSettings();

    /// <summary>What the catalog says of the partition's topic.</summary>
    public Func<PartitionId, bool> Exists { get; init; } = static _ => true;

    public Func<PartitionId, bool> ClosesWhenIdle { get; init; } = static _ => true;

    /// <summary>Told of what upkeep could not do and will try again.</summary>
    public Action<Exception> OnFailed { get; init; } = static _ => { };

    /// <summary>Told of reads that failed twice.</summary>
    public Action<OrleansStream.Log.LogException> OnReadFailed { get; init; } = static _ => { };
}
