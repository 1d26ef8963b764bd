using System.Collections.Concurrent;

namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>All that the clients of a run on one topic did and saw. Any number of them may write to it at once; it is judged when they have ended.</summary>
internal sealed class History
{
    private int _readings;

    public ConcurrentDictionary<int, ProducerFacts> Producers { get; } = new();

    public ConcurrentQueue<Append> Appends { get; } = new();

    public ConcurrentDictionary<int, Reading> Readings { get; } = new();

    public ConcurrentQueue<Poll> Polls { get; } = new();

    public ConcurrentQueue<Commit> Commits { get; } = new();

    public ConcurrentQueue<CommittedOffset> CommittedOffsets { get; } = new();

    /// <summary>Groups, and readers by hand, that are to be handed every record.</summary>
    public ConcurrentDictionary<string, bool> Readers { get; } = new();

    /// <summary>What clients or the run itself found wrong at once.</summary>
    public ConcurrentQueue<Violation> Remarks { get; } = new();

    /// <summary>What each partition holds at the end, in the order in which a reader got it.</summary>
    public Dictionary<int, IReadOnlyList<StoredRecord>> Logs { get; } = [];

    public Reading Begin(string consumer, string? group, int partition, TimeSpan began)
    {
        var reading = new Reading(Interlocked.Increment(ref _readings), consumer, group, partition, began);
        Readings[reading.Number] = reading;
        return reading;
    }
}
