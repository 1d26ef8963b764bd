namespace OrleansStream.Log.Lanes;

/// <summary>Waits that stay on the scheduler of whoever waits.</summary>
internal static class Waits
{
    /// <summary>
    /// Waits for a task as long as the token allows. <see cref="Task.WaitAsync(CancellationToken)"/> would go on by way of the thread pool, whatever scheduler
    /// the caller runs on: then no seed decides what comes next.
    /// </summary>
    public static async Task UnlessCancelledAsync(this Task task, CancellationToken cancellationToken)
    {
        var either = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancelled = cancellationToken.UnsafeRegister(static (waits, token) => ((TaskCompletionSource)waits!).TrySetCanceled(token), either);
        _ = TellAsync(task, either);
        await either.Task;
    }

    private static async Task TellAsync(Task task, TaskCompletionSource either)
    {
        try
        {
            await task;
            either.TrySetResult();
        }
        catch (Exception error)
        {
            either.TrySetException(error);
        }
    }
}
