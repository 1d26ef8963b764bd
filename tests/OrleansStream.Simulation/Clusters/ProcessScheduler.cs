namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// What one simulated process runs: tasks that wait, of which the seed picks one after the other. It can stand still, and it can be killed; whatever is left
/// of it then never runs.
/// </summary>
internal sealed class ProcessScheduler(int seed) : TaskScheduler
{
    private readonly List<Task> _waiting = [];
    private readonly Random _chance = new(seed);
    private readonly int _thread = Environment.CurrentManagedThreadId;

    public override int MaximumConcurrencyLevel => 1;

    public int Waiting => IsFrozen ? 0 : _waiting.Count;

    public bool IsFrozen { get; set; }

    public bool IsDead { get; private set; }

    /// <summary>Where another thread than the world's came in: something of the product ran on the thread pool, where no seed decides.</summary>
    public static string? Intrusion { get; private set; }

    public bool RunOne()
    {
        if (Waiting == 0) return false;
        var pick = _chance.Next(_waiting.Count);
        var task = _waiting[pick];
        _waiting[pick] = _waiting[^1];
        _waiting.RemoveAt(_waiting.Count - 1);
        TryExecuteTask(task);
        return true;
    }

    public void Kill()
    {
        IsDead = true;
        _waiting.Clear();
    }

    public void Post(Action action) => Task.Factory.StartNew(action, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);

    public Task<T> Start<T>(Func<Task<T>> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    public Task Start(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this).Unwrap();

    protected override void QueueTask(Task task)
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Intrusion ??= Environment.StackTrace;
            return;
        }

        if (!IsDead) _waiting.Add(task);
    }

    // Never inline: an inlined continuation would run before others that the seed might have picked.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _waiting;
}
