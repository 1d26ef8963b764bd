namespace OrleansStream.Testing.Proxies;

/// <summary>What a <see cref="Link"/> does to the bytes on it, in both directions.</summary>
public abstract record LinkFault
{
    /// <summary>Each byte arrives so much later; the order stays.</summary>
    public sealed record Delay(TimeSpan By) : LinkFault;

    /// <summary>
    /// Nothing arrives and nothing is closed, as if a cable were pulled. What was sent meanwhile arrives when the fault is over, as packets do that are sent
    /// again: a write may reach storage minutes after its writer has given up.
    /// </summary>
    public sealed record Hold : LinkFault;

    /// <summary>Open connections are reset with all that was on its way, and so is each new one.</summary>
    public sealed record Cut : LinkFault;

    /// <summary>Each connection carries at most so many bytes a second in each direction.</summary>
    public sealed record Slow(int BytesPerSecond) : LinkFault;

    /// <summary>HTTP only: a share of the requests is answered with an error, and its connection closed.</summary>
    /// <param name="Status">500 or 503.</param>
    /// <param name="Share">How many of the requests, 0 to 1.</param>
    /// <param name="Applied">True: the server gets the request and does what it says, only its answer is lost.</param>
    public sealed record Answer(int Status, double Share, bool Applied) : LinkFault;
}
