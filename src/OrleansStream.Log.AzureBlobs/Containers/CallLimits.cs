namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>How long calls may take, by a clock that tests can turn.</summary>
/// <param name="Time">The clock.</param>
/// <param name="Write">For a put, which is one try.</param>
/// <param name="Read">For everything else, repetitions and the body included.</param>
internal sealed record CallLimits(TimeProvider Time, TimeSpan Write, TimeSpan Read)
{
    /// <summary>A token that ends with the caller's, or when the time is over.</summary>
    public CallLimit Begin(TimeSpan limit, CancellationToken cancellationToken) => new(Time, limit, cancellationToken);
}

/// <summary>The limit of one call.</summary>
internal sealed class CallLimit : IDisposable
{
    private readonly CancellationTokenSource _deadline;
    private readonly CancellationTokenSource _either;

    public CallLimit(TimeProvider time, TimeSpan limit, CancellationToken cancellationToken)
    {
        _deadline = new CancellationTokenSource(limit, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_deadline.Token, cancellationToken);
    }

    public CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _deadline.Dispose();
    }
}
