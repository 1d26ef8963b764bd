namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>A large request's share of the intake budget, which grows with the bytes that came. One request's, used by its reader only; all else is the budget's.</summary>
/// <param name="need">The charge of the whole request.</param>
internal sealed class IntakeClaim(long need)
{
    /// <summary>The charge of the whole request.</summary>
    public long Need { get; } = need;

    /// <summary>What it has.</summary>
    public long Held { get; set; }

    /// <summary>What it is to have; above <see cref="Held"/> while it waits.</summary>
    public long Wanted { get; set; }

    public bool Waits => Wanted > Held;

    /// <summary>Its place among all that wait for their first bytes.</summary>
    public long Place { get; set; }

    /// <summary>Told when it has what it wants.</summary>
    public TaskCompletionSource? Served { get; set; }
}
