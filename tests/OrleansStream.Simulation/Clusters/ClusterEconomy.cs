using OrleansStream.Log.Economy;

namespace OrleansStream.Simulation.Clusters;

/// <summary>How long the lanes of a world let frames wait for company, and what their writes may cost, by the seed: in some worlds nothing waits, in some up to seconds.</summary>
internal sealed class ClusterEconomy
{
    public ClusterEconomy(Random chance)
    {
        Linger = chance.Next(3) switch
        {
            0 => new LingerOptions { Low = TimeSpan.Zero, Balanced = TimeSpan.Zero, Economy = TimeSpan.Zero },
            1 => new LingerOptions(), // As shipped for blobs.
            _ => new LingerOptions { Low = Up(chance, 50), Balanced = Up(chance, 500), Economy = Up(chance, 5_000) },
        };
        Linger.MaxStretch = chance.Next(2) == 0 ? LaneLinger.DefaultMaxStretch : 1 + chance.Next(100);
        Budget = new WriteBudgetOptions { OperationsPerSecond = chance.Next(2) == 0 ? 0 : 0.2 * (1 << chance.Next(8)) };
    }

    public LingerOptions Linger { get; }

    public WriteBudgetOptions Budget { get; }

    private static TimeSpan Up(Random chance, int ms) => TimeSpan.FromMilliseconds(chance.Next(ms));
}
