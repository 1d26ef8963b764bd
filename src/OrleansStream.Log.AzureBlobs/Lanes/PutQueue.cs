using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Lanes;

/// <summary>
/// Who of a lane's puts may go while its account is asked too much: one at a time, lowest slot first, after a pause that doubles with each refusal. Once one
/// got through all the others go, and no more stand here until the next refusal. Safe for any number of callers.
/// </summary>
/// <param name="pauses">Their lengths, with jitter: several brokers lose one account at once.</param>
/// <param name="ended">Ends the pauses.</param>
internal sealed class PutQueue(UndecidedPuts pauses, CancellationToken ended)
{
    private readonly Lock _gate = new();
    private readonly PriorityQueue<TaskCompletionSource<bool>, long> _waiting = new();
    private int _refusals;

    /// <summary>Whether the account was too busy when it was last asked.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_gate) return _refusals > 0;
        }
    }

    /// <summary>Waits until a put may go: not at all unless the account is too busy.</summary>
    /// <param name="slot">Where it goes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the put is a trial, on which the others wait: then one of <see cref="RefusedAsync"/> and <see cref="Passed"/> must follow.</returns>
    public ValueTask<bool> EnterAsync(Slot slot, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool> turn;
        lock (_gate)
        {
            if (_refusals == 0) return ValueTask.FromResult(false);
            turn = Enqueue(slot);
        }

        return WaitAsync(turn, cancellationToken);
    }

    /// <summary>The account was too busy for the put: it waits for another turn. As <see cref="EnterAsync"/> otherwise.</summary>
    /// <param name="slot">Where it goes.</param>
    /// <param name="wasTrial">Whether it was one.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<bool> RefusedAsync(Slot slot, bool wasTrial, CancellationToken cancellationToken)
    {
        TaskCompletionSource<bool> turn;
        int? refusals = null;
        lock (_gate)
        {
            // Those that were on their way together are refused together: it counts once.
            if (wasTrial || _refusals == 0) refusals = ++_refusals;
            turn = Enqueue(slot);
        }

        if (refusals is { } inRow) _ = LetOneGoAsync(inRow);
        return WaitAsync(turn, cancellationToken);
    }

    /// <summary>A trial ended otherwise than by a refusal: what waits may go.</summary>
    public void Passed()
    {
        var all = new List<TaskCompletionSource<bool>>();
        lock (_gate)
        {
            _refusals = 0;
            while (_waiting.TryDequeue(out var turn, out _)) all.Add(turn);
        }

        foreach (var turn in all) turn.TrySetResult(false);
    }

    private TaskCompletionSource<bool> Enqueue(Slot slot)
    {
        var turn = new TaskCompletionSource<bool>();
        _waiting.Enqueue(turn, slot.Value);
        return turn;
    }

    // Cancelled as a turn and not as a wait for one: a turn that nobody takes would be the trial on which all wait.
    private static async ValueTask<bool> WaitAsync(TaskCompletionSource<bool> turn, CancellationToken cancellationToken)
    {
        await using var cancelled = cancellationToken.UnsafeRegister(static (turn, token) => ((TaskCompletionSource<bool>)turn!).TrySetCanceled(token), turn);
        return await turn.Task;
    }

    private async Task LetOneGoAsync(int refusals)
    {
        try
        {
            await pauses.BackOffAsync(refusals - 1, ended);
        }
        catch (OperationCanceledException)
        {
            return; // The lane ended, and with it whatever waits.
        }

        while (NextTurn() is { } turn)
        {
            if (turn.TrySetResult(true)) return;
        }
    }

    // Null when nobody is left who could try: then nobody waits either.
    private TaskCompletionSource<bool>? NextTurn()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out var turn, out _)) return turn;
            _refusals = 0;
            return null;
        }
    }
}
