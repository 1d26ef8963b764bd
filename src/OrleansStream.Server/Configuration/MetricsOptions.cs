namespace OrleansStream.Server.Configuration;

/// <summary>What /metrics shows.</summary>
public sealed class MetricsOptions
{
    public const string Section = "OrleansStream:Metrics";

    /// <summary>Whether each open partition has lines of its own: log start, high watermark, size. Ten thousand partitions make thirty thousand lines. False unless set.</summary>
    public bool PerPartition { get; set; }
}
