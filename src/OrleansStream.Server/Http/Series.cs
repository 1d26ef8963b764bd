namespace OrleansStream.Server.Http;

/// <summary>One line of a counter or gauge, or the lines of one histogram. Any thread may add; a reader may see an addition in one number and not yet in another.</summary>
/// <param name="bounds">Upper bounds of a histogram's buckets; null for a plain number.</param>
internal sealed class Series(double[]? bounds)
{
    private readonly long[]? _buckets = bounds is null ? null : new long[bounds.Length + 1];
    private double _value;

    public void Set(double value) => Volatile.Write(ref _value, value);

    public void Add(double value)
    {
        if (bounds is not null)
        {
            var bucket = 0;
            while (bucket < bounds.Length && value > bounds[bucket]) bucket++;
            Interlocked.Increment(ref _buckets![bucket]);
        }

        var seen = Volatile.Read(ref _value);
        for (var before = Interlocked.CompareExchange(ref _value, seen + value, seen); before != seen; before = Interlocked.CompareExchange(ref _value, seen + value, seen))
        {
            seen = before;
        }
    }

    public void WriteTo(PrometheusText text, string name, string labels)
    {
        if (bounds is null)
        {
            text.Line(name, labels, Volatile.Read(ref _value));
            return;
        }

        var count = 0L;
        for (var bucket = 0; bucket <= bounds.Length; bucket++)
        {
            count += Interlocked.Read(ref _buckets![bucket]);
            var bound = PrometheusText.Label("le", bucket < bounds.Length ? PrometheusText.Number(bounds[bucket]) : "+Inf");
            text.Line(name + "_bucket", labels.Length == 0 ? bound : $"{labels},{bound}", count);
        }

        text.Line(name + "_sum", labels, Volatile.Read(ref _value));
        text.Line(name + "_count", labels, count);
    }
}
