namespace OrleansStream.Benchmarks.Load;

/// <summary>How long records took from when they were due to be sent until a consumer had them.</summary>
/// <param name="ClientShare">This process' share of all processors, 0 to 1.</param>
internal sealed record LatencyResult(TimeSpan P50, TimeSpan P99, TimeSpan P999, TimeSpan Max, double ClientShare);
