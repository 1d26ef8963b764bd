namespace OrleansStream.Log.AzureBlobs.Reading;

/// <summary>Counts what is under way, also what nobody waits for any more: whoever closes the reader waits until all memory is back.</summary>
internal sealed class RunningWork
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _ended;
    private int _running;

    public void Begin()
    {
        lock (_gate) _running++;
    }

    public void End()
    {
        TaskCompletionSource? ended;
        lock (_gate)
        {
            if (--_running > 0) return;
            ended = _ended;
        }

        ended?.TrySetResult();
    }

    /// <summary>Completes once nothing is under way. Nothing that begins after that may take memory.</summary>
    public Task EndedAsync()
    {
        lock (_gate)
        {
            if (_running == 0) return Task.CompletedTask;
            return (_ended ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
