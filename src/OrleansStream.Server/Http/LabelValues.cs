namespace OrleansStream.Server.Http;

/// <summary>The labels of a measurement as a key that is made without an allocation. Beyond four the rest is left out: no meter that is shown has more.</summary>
internal readonly struct LabelValues : IEquatable<LabelValues>
{
    private readonly KeyValuePair<string, object?> _first;
    private readonly KeyValuePair<string, object?> _second;
    private readonly KeyValuePair<string, object?> _third;
    private readonly KeyValuePair<string, object?> _fourth;

    public LabelValues(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        _first = tags[0];
        if (tags.Length > 1) _second = tags[1];
        if (tags.Length > 2) _third = tags[2];
        if (tags.Length > 3) _fourth = tags[3];
    }

    public bool Equals(LabelValues other) =>
        AreEqual(_first, other._first) && AreEqual(_second, other._second) && AreEqual(_third, other._third) && AreEqual(_fourth, other._fourth);

    public override bool Equals(object? obj) => obj is LabelValues other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(_first.Value, _second.Value, _third.Value, _fourth.Value);

    /// <summary>As Prometheus writes it, without the braces.</summary>
    public string ToText() => string.Join(',', Labels().Where(static label => label.Key is not null).Select(static label => PrometheusText.Label(label.Key, label.Value)));

    private static bool AreEqual(in KeyValuePair<string, object?> left, in KeyValuePair<string, object?> right) =>
        string.Equals(left.Key, right.Key, StringComparison.Ordinal) && Equals(left.Value, right.Value);

    private IEnumerable<KeyValuePair<string, object?>> Labels() => [_first, _second, _third, _fourth];
}
