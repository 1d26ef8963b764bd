namespace OrleansStream.Cluster.Tests.Load;

/// <summary>Lets one task wait until what others do has come to something.</summary>
internal sealed class Progress
{
    // Clients report thousands of times a second; whoever waits looks that often at most.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    private TaskCompletionSource _more = NewStep();

    /// <summary>Something has happened.</summary>
    public void Note() => Volatile.Read(ref _more).TrySetResult();

    /// <summary>Waits for the condition, which is looked at after each step; false if it does not hold in time.</summary>
    public async Task<bool> WaitAsync(Func<bool> condition, TimeSpan limit)
    {
        using var ended = new CancellationTokenSource(limit);
        try
        {
            while (true)
            {
                var more = Volatile.Read(ref _more);
                if (condition()) return true;
                await more.Task.WaitAsync(ended.Token);
                Interlocked.CompareExchange(ref _more, NewStep(), more);
                await Task.Delay(LookInterval, ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            return condition();
        }
    }

    private static TaskCompletionSource NewStep() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
