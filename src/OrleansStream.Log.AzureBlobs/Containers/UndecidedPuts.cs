using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>The patience of a put whose outcome nobody knows: the pauses between tries, and when to say that it stays unknown.</summary>
/// <param name="time">Measures pauses; with <paramref name="random"/> all that is not deterministic.</param>
/// <param name="random">For jitter and nonces. Locked while it is used.</param>
/// <param name="firstPause">Before the second try; doubled with each, up to twenty times itself.</param>
/// <param name="giveUpAfter">How long a put is asked for again.</param>
public sealed class UndecidedPuts(TimeProvider time, Random random, TimeSpan firstPause, TimeSpan giveUpAfter)
{
    private const int LongestPauseFactor = 20;

    /// <summary>How long a put is asked for again.</summary>
    internal TimeSpan GiveUpAfter => giveUpAfter;

    /// <summary>Ends with the token, or when a put was asked for long enough, whatever is under way then.</summary>
    internal CallLimit LimitOf(CancellationToken cancellationToken) => new(time, giveUpAfter, cancellationToken);

    internal Guid NewNonce()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (random) random.NextBytes(bytes);
        return new Guid(bytes);
    }

    internal long Begin() => time.GetTimestamp();

    internal TimeSpan Since(long began) => time.GetElapsedTime(began);

    /// <summary>Waits before the next try. Jitter of half a pause, so that many who lost one account do not come back at once.</summary>
    /// <param name="name">Of the blob.</param>
    /// <param name="attempt">Which try was undecided, from 0.</param>
    /// <param name="since">What <see cref="Begin"/> gave.</param>
    /// <param name="seen">What was seen, for a person.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="OutcomeUnknownException">It was asked for long enough.</exception>
    internal async ValueTask PauseAsync(string name, int attempt, long since, string seen, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(since) >= giveUpAfter) throw new OutcomeUnknownException(name, "Write", $"its outcome is unknown after {attempt + 1} tries; the last: {seen}") { IsTransient = true };

        await BackOffAsync(attempt, cancellationToken);
    }

    /// <summary>The pause alone.</summary>
    internal Task BackOffAsync(int attempt, CancellationToken cancellationToken)
    {
        double share;
        lock (random) share = 0.5 + (random.NextDouble() / 2);
        return Task.Delay(firstPause * Math.Min(Math.Pow(2, Math.Min(attempt, 30)), LongestPauseFactor) * share, time, cancellationToken);
    }
}
