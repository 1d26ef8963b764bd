using OrleansStream.Model;

namespace OrleansStream.Log.Budgets;

/// <summary>
/// Lends background work its share of a store, in bytes and in requests. A share comes back with time; up to a second of it is saved. Whoever asks while some is
/// left gets all that he asks for, and those after him wait until that is paid back. While producers have use for all that the store gives, work that moves many
/// bytes stands back. Safe for any number of callers.
/// </summary>
public sealed class WorkBudget
{
    // A single segment may take more than a second's share: its debt keeps the others waiting, but not for longer than that.
    private static readonly TimeSpan LongestDebt = TimeSpan.FromSeconds(30);

    // From here on work stands back. What is smaller takes nothing from producers that they would notice, and others wait for it: deletions, without which a
    // container grows as fast as it is filled, snapshots, the records of sessions.
    private const int ManyBytes = 64 * Limits.KiB;

    // Each piece of work stands back for so long at the most: what others than the lane wait for gets on under any load.
    private static readonly TimeSpan LongestStand = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LooksAgainAfter = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly double _bytesPerSecond;
    private readonly double _operationsPerSecond;
    private double _bytes;
    private double _operations;
    private long _at;
    private long _bytesTaken;
    private long _operationsTaken;
    private long _waitedTicks;

    /// <param name="options">Both shares; valid.</param>
    /// <param name="time">Measures the seconds.</param>
    public WorkBudget(WorkBudgetOptions options, TimeProvider time)
    {
        _time = time;
        _at = time.GetTimestamp();
        _bytes = _bytesPerSecond = options.BytesPerSecond;
        _operations = _operationsPerSecond = options.OperationsPerSecond;
    }

    /// <summary>Bytes that were taken since the start.</summary>
    public long BytesTaken => Interlocked.Read(ref _bytesTaken);

    /// <summary>Requests that were taken since the start.</summary>
    public long OperationsTaken => Interlocked.Read(ref _operationsTaken);

    /// <summary>How long callers waited, all together.</summary>
    public TimeSpan Waited => TimeSpan.FromTicks(Interlocked.Read(ref _waitedTicks));

    /// <summary>Whether producers wait for the store: then nothing is lent to work that moves many bytes for up to a second, whatever is left. Never unless set.</summary>
    public Func<bool> StandsBack { get; init; } = static () => false;

    /// <summary>Takes what a piece of work needs, when the budget allows it.</summary>
    /// <param name="operations">Requests, 0 or more.</param>
    /// <param name="bytes">Bytes that go over the line, 0 or more.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was taken then.</param>
    public ValueTask TakeAsync(int operations, long bytes, CancellationToken cancellationToken) => TakeAsync(operations, bytes, isUrgent: null, cancellationToken);

    /// <summary>The same for work that may be urgent, or become so while it waits: then it waits no more than a second longer, and is charged all the same.</summary>
    /// <param name="operations">Requests, 0 or more.</param>
    /// <param name="bytes">Bytes that go over the line, 0 or more.</param>
    /// <param name="isUrgent">Whether it is; null: never.</param>
    /// <param name="cancellationToken">Ends the wait; nothing was taken then.</param>
    public async ValueTask TakeAsync(int operations, long bytes, Func<bool>? isUrgent, CancellationToken cancellationToken)
    {
        if (bytes >= ManyBytes) await StandBackAsync(isUrgent, cancellationToken);
        while (isUrgent?.Invoke() != true)
        {
            if (Reserve(operations, bytes) is not { } wait) return;
            await WaitAsync(isUrgent is null || wait < LongestStand ? wait : LongestStand, cancellationToken);
        }

        Spend(operations, bytes);
    }

    /// <summary>Lets producers go first, for a second at the most: before work that moves many bytes, where their number is not known before.</summary>
    /// <param name="isUrgent">Whether the work waits for nobody; null: never.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async ValueTask StandBackAsync(Func<bool>? isUrgent, CancellationToken cancellationToken)
    {
        for (var stood = TimeSpan.Zero; stood < LongestStand && isUrgent?.Invoke() != true && StandsBack(); stood += LooksAgainAfter) await WaitAsync(LooksAgainAfter, cancellationToken);
    }

    /// <summary>Takes it at once, whatever is left: work that cannot wait, which those pay for that can.</summary>
    public void Spend(int operations, long bytes)
    {
        lock (_lock)
        {
            Refill();
            Charge(operations, bytes);
        }
    }

    private Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        Interlocked.Add(ref _waitedTicks, time.Ticks);
        return Task.Delay(time, _time, cancellationToken);
    }

    // Null if it was taken, else how long until anything is left.
    private TimeSpan? Reserve(int operations, long bytes)
    {
        lock (_lock)
        {
            Refill();
            var debt = Math.Max(-_bytes / _bytesPerSecond, -_operations / _operationsPerSecond);
            if (debt >= 0) return TimeSpan.FromSeconds(Math.Max(debt, 0.001));
            Charge(operations, bytes);
            return null;
        }
    }

    private void Charge(int operations, long bytes)
    {
        var longest = LongestDebt.TotalSeconds;
        _bytes = Math.Max(_bytes - bytes, -_bytesPerSecond * longest);
        _operations = Math.Max(_operations - operations, -_operationsPerSecond * longest);
        Interlocked.Add(ref _bytesTaken, bytes);
        Interlocked.Add(ref _operationsTaken, operations);
    }

    private void Refill()
    {
        var now = _time.GetTimestamp();
        var seconds = _time.GetElapsedTime(_at, now).TotalSeconds;
        _at = now;
        _bytes = Math.Min(_bytes + (seconds * _bytesPerSecond), _bytesPerSecond);
        _operations = Math.Min(_operations + (seconds * _operationsPerSecond), _operationsPerSecond);
    }
}
