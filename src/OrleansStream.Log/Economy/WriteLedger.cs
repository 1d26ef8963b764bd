using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Economy;

/// <summary>
/// Every write operation that a storage account will charge this broker for: counted by kind, taken from the budget, and put down to topics if somebody wants
/// to know. One for a broker. Safe for any number of callers.
/// </summary>
/// <param name="options">The price.</param>
/// <param name="time">The clock of rates.</param>
public sealed class WriteLedger(WriteBudgetOptions options, TimeProvider time)
{
    private static readonly int Kinds = Enum.GetValues<WriteKind>().Length;

    private readonly Lock _lock = new();
    private readonly long[] _operations = new long[Kinds];
    private readonly long[] _bytes = new long[Kinds];
    private readonly DecayingRate _rate = new(time);
    private long _throttled;

    /// <summary>What may be spent; null for no bound.</summary>
    public WriteBudget? Budget { get; } = WriteBudget.From(options, time);

    /// <summary>By topic; null if nobody asked.</summary>
    public TopicWrites? Topics { get; init; }

    /// <summary>Tries that the account refused since it was asked too much. They are not charged.</summary>
    public long Throttled => Volatile.Read(ref _throttled);

    /// <summary>What a day costs if it goes on as in the last minutes, in the currency of the price.</summary>
    public double SpendPerDay
    {
        get
        {
            lock (_lock) return MoneyPerDayOf(_rate.PerSecond());
        }
    }

    /// <summary>The most that a day may cost; null for no bound.</summary>
    public double? BudgetPerDay => Budget is { } budget ? MoneyPerDayOf(budget.OperationsPerSecond) : null;

    /// <summary>What so many operations a second cost in a day.</summary>
    public double MoneyPerDayOf(double operationsPerSecond) => options.MoneyPerDayOf(operationsPerSecond);

    public long OperationsOf(WriteKind kind) => Volatile.Read(ref _operations[(int)kind]);

    public long BytesOf(WriteKind kind) => Volatile.Read(ref _bytes[(int)kind]);

    /// <summary>One operation that is charged, whether it did what it was for or not.</summary>
    /// <param name="kind">What it was for.</param>
    /// <param name="bytes">What it carried.</param>
    /// <param name="topic">The topic that it was for alone; null for none or several. What several share is put down by <see cref="TopicWrites"/> itself.</param>
    public void Add(WriteKind kind, long bytes, TopicId? topic = null)
    {
        lock (_lock)
        {
            _operations[(int)kind]++;
            _bytes[(int)kind] += bytes;
            _rate.Add(1);
        }

        Budget?.Spend(1);
        if (topic is { } alone) Topics?.Add(alone, bytes);
    }

    /// <summary>One try that was refused since the account was asked too much.</summary>
    public void AddThrottled() => Interlocked.Increment(ref _throttled);
}
