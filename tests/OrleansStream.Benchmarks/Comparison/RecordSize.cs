namespace OrleansStream.Benchmarks.Comparison;

/// <summary>The sizes of values that rows come in.</summary>
/// <param name="WarmGoal">The ratio to Kafka that reading them from the page cache has to reach; Kafka does it by sendfile.</param>
internal sealed record RecordSize(string Name, int Bytes, double WarmGoal)
{
    public static readonly RecordSize Small = new("100b", 100, 0.9);
    public static readonly RecordSize Medium = new("1k", 1_000, 0.7);
    public static readonly RecordSize Large = new("10k", 10_000, 0.7);

    public static readonly RecordSize[] All = [Small, Medium, Large];
}
