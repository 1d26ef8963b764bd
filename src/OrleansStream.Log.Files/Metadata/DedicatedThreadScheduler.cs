using System.Collections.Concurrent;
using OrleansStream.Log.Files.Disks;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>Runs tasks on threads of its own, so that blocking file calls never hold a thread of the pool.</summary>
public sealed class DedicatedThreadScheduler : TaskScheduler, IDisposable
{
    private readonly BlockingCollection<Task> _tasks = [];
    private readonly Thread[] _threads;
    private readonly int _nice;

    /// <param name="name">Of the threads, for dumps.</param>
    /// <param name="threads">How many, 1 or more; with one, tasks run one at a time in the order in which they came.</param>
    /// <param name="nice">How far they stand back where processors are short: 0 (not at all) to 19. The system may refuse it; then they do not.</param>
    public DedicatedThreadScheduler(string name, int threads = 1, int nice = 0)
    {
        _nice = nice;
        _threads = new Thread[threads];
        for (var i = 0; i < threads; i++)
        {
            _threads[i] = new Thread(Run) { IsBackground = true, Name = name };
            _threads[i].Start();
        }
    }

    public override int MaximumConcurrencyLevel => _threads.Length;

    /// <summary>Runs what is queued, then ends the threads and waits for them.</summary>
    public void Dispose()
    {
        _tasks.CompleteAdding();
        foreach (var thread in _threads)
        {
            if (thread != Thread.CurrentThread) thread.Join();
        }

        _tasks.Dispose();
    }

    protected override void QueueTask(Task task) => _tasks.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => _tasks;

    private void Run()
    {
        if (_nice > 0) _ = LibC.SetPriority(0, 0, _nice);
        foreach (var task in _tasks.GetConsumingEnumerable()) TryExecuteTask(task);
    }
}
