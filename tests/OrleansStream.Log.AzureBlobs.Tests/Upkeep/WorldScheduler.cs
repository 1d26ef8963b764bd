namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>
/// What one broker runs, on the test's thread: of the tasks that wait the seed picks the next. A broker that is stopped in order hears of it from the thread
/// pool, so tasks may come from anywhere; they run where <see cref="RunAll"/> is called.
/// </summary>
internal sealed class WorldScheduler(int seed) : TaskScheduler
{
    private readonly Lock _gate = new();
    private readonly List<Task> _waiting = [];
    private readonly Random _chance = new(seed);
    private bool _isDead;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs what waits and what follows from it. Whether there was anything.</summary>
    public bool RunAll()
    {
        var ran = false;
        while (Next() is { } task)
        {
            TryExecuteTask(task);
            ran = true;
        }

        return ran;
    }

    public void Post(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);

    public Task<T> Start<T>(Func<Task<T>> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    /// <summary>Nothing of it runs any more: its process was killed.</summary>
    public void Kill()
    {
        lock (_gate)
        {
            _isDead = true;
            _waiting.Clear();
        }
    }

    protected override void QueueTask(Task task)
    {
        lock (_gate)
        {
            if (!_isDead) _waiting.Add(task);
        }
    }

    // Never inline: an inlined continuation would run before others that the seed might have picked.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => [];

    private Task? Next()
    {
        lock (_gate)
        {
            if (_waiting.Count == 0) return null;
            var pick = _chance.Next(_waiting.Count);
            var task = _waiting[pick];
            _waiting[pick] = _waiting[^1];
            _waiting.RemoveAt(_waiting.Count - 1);
            return task;
        }
    }
}
