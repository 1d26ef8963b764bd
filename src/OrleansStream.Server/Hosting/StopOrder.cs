using OrleansStream.Log.Brokers;

namespace OrleansStream.Server.Hosting;

/// <summary>Whether the process was told to stop, and how long it may take.</summary>
/// <param name="Budget">Of the time from then on.</param>
/// <param name="Token">Cancelled then, at whatever moment of the broker's life.</param>
internal sealed record StopOrder(StopBudget Budget, CancellationToken Token)
{
    /// <summary>The order as a process gets it, which ends when its time is up though something in it may not have.</summary>
    /// <param name="total">For the whole stop.</param>
    /// <param name="token">As above.</param>
    public static StopOrder Of(TimeSpan total, CancellationToken token) => new(new StopBudget(total, TimeProvider.System, () => Exit(total, token)), token);

    // Nothing that was acknowledged depends on what hangs: a broker may be killed at any moment. Whoever told it to stop would do that next.
    private static void Exit(TimeSpan total, CancellationToken token)
    {
        Console.Error.WriteLine($"OrleansStream has not come to the end of its stop within {total} (OrleansStream:StopTimeout), and ends now. Nothing that was acknowledged is lost.");
        Environment.Exit(token.IsCancellationRequested ? 0 : 1);
    }
}
