namespace OrleansStream.Benchmarks.Comparison;

/// <summary>One thing that a row measures.</summary>
/// <param name="Name">With its unit.</param>
/// <param name="HigherIsBetter">Which way the ratio has to go.</param>
/// <param name="Goal">The ratio ours / Kafka that is asked for; null where none is.</param>
/// <param name="Most">What our figure itself must not exceed, whatever Kafka's is; null where nothing is said.</param>
internal sealed record Metric(string Name, bool HigherIsBetter, double? Goal, double? Most = null)
{
    public static readonly Metric ProduceRate = new("MB/s", true, 1.0);
    public static readonly Metric ProduceRateManyPartitions = new("MB/s", true, 2.0);
    public static readonly Metric CpuPerGigabyte = new("CPU-s/GB", false, null);
    public static readonly Metric CpuOnceAndOnce = new("CPU-s/GB in and out", false, 0.7);
    public static readonly Metric PeakMemory = new("peak RSS, MB", false, 0.5);
    public static readonly Metric P50 = new("p50, ms", false, null);
    public static readonly Metric P99 = new("p99, ms", false, 0.5);
    public static readonly Metric P999 = new("p99.9, ms", false, 0.5);
    public static readonly Metric FirstRecord = new("first record, s", false, 1.0 / 3);
    public static readonly Metric CreateTime = new("creation, s", false, 1.0 / 3);
    public static readonly Metric IdleMemory = new("RSS, MB", false, null, Most: 400);
    public static readonly Metric IdleCpu = new("idle CPU, %", false, null, Most: 1);
    public static readonly Metric WritableFirst = new("kill -9 to first record, s", false, null);
    public static readonly Metric WritableAll = new("kill -9 to all writable, s", false, null, Most: 5);

    public static Metric ConsumeRate(bool warm, double goal) => new(warm ? "warm MB/s" : "cold MB/s", true, goal);

    public static Metric ConsumeCpu(bool warm) => new(warm ? "warm CPU-s/GB" : "cold CPU-s/GB", false, null);
}
