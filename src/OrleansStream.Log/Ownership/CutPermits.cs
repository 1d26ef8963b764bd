namespace OrleansStream.Log.Ownership;

/// <summary>
/// Who may cut a partition now: so many at once, since each holds a segment in memory. While a release waits nobody serves its partition, and a preparation's is
/// served: releases go first, and some places no preparation takes, however many there are. Safe for any number of callers.
/// </summary>
/// <param name="atOnce">Cuts of either kind.</param>
/// <param name="keptForReleases">Of these, how many no preparation takes; fewer than <paramref name="atOnce"/>.</param>
internal sealed class CutPermits(int atOnce, int keptForReleases)
{
    private readonly Lock _gate = new();
    private readonly Queue<TaskCompletionSource> _releases = new();
    private readonly Queue<TaskCompletionSource> _preparations = new();
    private int _releasing;
    private int _preparing;

    /// <summary>Completes when the partition may be cut. <see cref="Return"/> is called when that is over; not if this throws.</summary>
    /// <param name="isServed">Whether it is served meanwhile.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task TakeAsync(bool isServed, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            (isServed ? _preparations : _releases).Enqueue(turn);
            LetGo();
            if (turn.Task.IsCompleted) return turn.Task;
        }

        return WaitAsync(turn, cancellationToken);
    }

    /// <summary>A cut is over.</summary>
    /// <param name="isServed">As it was taken.</param>
    public void Return(bool isServed)
    {
        lock (_gate)
        {
            if (isServed) _preparing--;
            else _releasing--;
            LetGo();
        }
    }

    private static async Task WaitAsync(TaskCompletionSource turn, CancellationToken cancellationToken)
    {
        await using var cancelled = cancellationToken.UnsafeRegister(_ => turn.TrySetCanceled(cancellationToken), null);
        await turn.Task;
    }

    private void LetGo()
    {
        while (_releasing + _preparing < atOnce && TryNext(_releases)) _releasing++;
        while (_releasing + _preparing < atOnce && _preparing < atOnce - keptForReleases && TryNext(_preparations)) _preparing++;
    }

    // Who gave up still stands in line, and takes no place.
    private static bool TryNext(Queue<TaskCompletionSource> line)
    {
        while (line.TryDequeue(out var turn))
        {
            if (turn.TrySetResult()) return true;
        }

        return false;
    }
}
