namespace OrleansStream.Testing.Lanes;

/// <summary>Runs what was queued only when a test says so, on the test's thread, in order.</summary>
public sealed class SteppedScheduler : TaskScheduler
{
    private readonly Queue<Task> _tasks = new();

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs tasks until there is none; those that they queue as well.</summary>
    public void RunAll()
    {
        while (TryTake(out var task)) TryExecuteTask(task);
    }

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_tasks) return [.. _tasks];
    }

    protected override void QueueTask(Task task)
    {
        lock (_tasks) _tasks.Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    private bool TryTake(out Task task)
    {
        lock (_tasks) return _tasks.TryDequeue(out task!);
    }
}
