namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>A result that comes once, for all who wait for it; each of them may give up. A failure is one, too.</summary>
/// <remarks>Task.WaitAsync would go on on the thread pool, where a simulation could not follow.</remarks>
internal sealed class SharedResult<T>
{
    private readonly Lock _gate = new();
    private List<TaskCompletionSource<T>>? _waiting;
    private Exception? _failure;
    private T? _value;
    private bool _isSet;

    public ValueTask<T> GetAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isSet) return _failure is null ? new(_value!) : ValueTask.FromException<T>(_failure);

            var turn = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
            (_waiting ??= []).Add(turn);
            return WaitAsync(turn, cancellationToken);
        }
    }

    /// <summary>Called once, this or <see cref="Fail"/>, outside any lock.</summary>
    public void Set(T value)
    {
        foreach (var turn in Settle(value, null)) turn.TrySetResult(value);
    }

    public void Fail(Exception failure)
    {
        foreach (var turn in Settle(default, failure)) turn.TrySetException(failure);
    }

    private static async ValueTask<T> WaitAsync(TaskCompletionSource<T> turn, CancellationToken cancellationToken)
    {
        await using var cancelled = cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource<T>)state!).TrySetCanceled(token), turn);
        return await turn.Task;
    }

    private List<TaskCompletionSource<T>> Settle(T? value, Exception? failure)
    {
        lock (_gate)
        {
            _isSet = true;
            _value = value;
            _failure = failure;
            var waiting = _waiting ?? [];
            _waiting = null;
            return waiting;
        }
    }
}
