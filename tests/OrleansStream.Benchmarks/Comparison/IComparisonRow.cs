namespace OrleansStream.Benchmarks.Comparison;

/// <summary>One row, or a few rows that come from the same runs, of the comparison.</summary>
internal interface IComparisonRow
{
    string Name { get; }

    /// <summary>Rows of one group share their brokers; a row alone in its group finds them as they were started.</summary>
    string Group { get; }

    /// <summary>False for rows that are the same whether Kafka syncs or not: they run once.</summary>
    bool DependsOnSync { get; }

    Task RunAsync(Arena arena, Scoreboard scores);
}
