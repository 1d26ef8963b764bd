namespace OrleansStream.Benchmarks.Availability;

/// <summary>One measurement of how a cluster stands what happens to it. It starts and ends brokers of its own.</summary>
internal interface IAvailabilityRow
{
    string Name { get; }

    /// <summary>The columns of its table; the first names the case.</summary>
    IReadOnlyList<string> Columns { get; }

    /// <summary>Measures, and returns the lines of the table.</summary>
    Task<IReadOnlyList<IReadOnlyList<string>>> MeasureAsync(AvailabilityOptions options);
}
