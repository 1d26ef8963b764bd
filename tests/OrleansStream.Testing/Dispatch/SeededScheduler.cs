namespace OrleansStream.Testing.Dispatch;

/// <summary>
/// Runs tasks on the caller's thread and picks by seed which of those waiting comes next, so that a seed decides every interleaving and the same seed
/// gives the same one. Use one thread only.
/// </summary>
public sealed class SeededScheduler(int seed) : TaskScheduler
{
    private readonly List<Task> _waiting = [];
    private readonly Random _chance = new(seed);

    public override int MaximumConcurrencyLevel => 1;

    public int Waiting => _waiting.Count;

    /// <summary>How many tasks and continuations ran so far.</summary>
    public long Steps { get; private set; }

    /// <summary>Runs one of the waiting tasks; false if there is none.</summary>
    public bool RunOne()
    {
        if (_waiting.Count == 0) return false;
        var pick = _chance.Next(_waiting.Count);
        var task = _waiting[pick];
        _waiting[pick] = _waiting[^1];
        _waiting.RemoveAt(_waiting.Count - 1);
        Steps++;
        TryExecuteTask(task);
        return true;
    }

    /// <summary>Runs until nothing waits. More steps than the bound mean that something goes round in a circle.</summary>
    public void RunUntilIdle(long maxSteps = 10_000_000)
    {
        for (var steps = 0L; RunOne(); steps++)
        {
            if (steps == maxSteps) throw new InvalidOperationException($"Still busy after {maxSteps} steps.");
        }
    }

    /// <summary>Starts the work here and runs everything until it has completed. Fails if it waits for something that nobody will do.</summary>
    public T Run<T>(Func<Task<T>> work)
    {
        var task = Start(work);
        while (!task.IsCompleted)
        {
            if (!RunOne()) throw new InvalidOperationException("The work waits for an event that nothing brings.");
        }

        return task.GetAwaiter().GetResult();
    }

    public void Run(Func<Task> work) => Run(async () =>
    {
        await work();
        return true;
    });

    /// <summary>Starts the work here; it goes on when the scheduler is run.</summary>
    public Task<T> Start<T>(Func<Task<T>> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    public Task Start(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.None, this).Unwrap();

    /// <summary>Forgets what waits: the process that it belonged to was killed.</summary>
    public void Abandon() => _waiting.Clear();

    protected override void QueueTask(Task task) => _waiting.Add(task);

    // Never inline: an inlined continuation would run before others that the seed might have picked.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _waiting;
}
