using System.Collections.Concurrent;

namespace OrleansStream.Testing.Lanes;

/// <summary>A scheduler whose tasks run when the test says so, on the test's thread, first come first served. They may come from any thread.</summary>
public sealed class StepScheduler : TaskScheduler
{
    private readonly ConcurrentQueue<Task> _tasks = new();

    public int Waiting => _tasks.Count;

    /// <summary>Runs what waits, and what comes while it runs.</summary>
    public void RunAll()
    {
        while (_tasks.TryDequeue(out var task)) TryExecuteTask(task);
    }

    protected override void QueueTask(Task task) => _tasks.Enqueue(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;
}
