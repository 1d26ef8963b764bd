using System.Collections.Concurrent;
using OrleansStream.Cluster.Tests.Histories;

namespace OrleansStream.Cluster.Tests.Load;

/// <summary>What all clients of a run share.</summary>
/// <param name="Bootstrap">Where clients begin.</param>
/// <param name="Topic">The one topic of the run.</param>
/// <param name="Partitions">How many partitions it has.</param>
internal sealed record RunContext(string Bootstrap, string Topic, int Partitions)
{
    private readonly ConcurrentDictionary<int, (TimeSpan Started, long Offset)> _lastAcknowledged = new();

    /// <summary>What each broker said at last of each partition, by the wire producer that asks it.</summary>
    public ConcurrentDictionary<(int Partition, int Broker), string> LastAnswers { get; } = new();

    public RunClock Clock { get; } = new();

    public History History { get; } = new();

    public Progress Progress { get; } = new();

    /// <summary>The partitions of which no record that was offered at <paramref name="time"/> or later has been acknowledged.</summary>
    public IReadOnlyList<int> SilentSince(TimeSpan time) =>
        [.. Enumerable.Range(0, Partitions).Where(partition => !_lastAcknowledged.TryGetValue(partition, out var last) || last.Started < time)];

    /// <summary>Names those partitions, with what each broker says of them.</summary>
    public string DescribeSilent(TimeSpan time)
    {
        var answers = LastAnswers.ToArray();
        return string.Join("; ", SilentSince(time).Select(partition =>
            $"partition {partition} ({string.Join(", ", answers.Where(answer => answer.Key.Partition == partition).OrderBy(answer => answer.Key.Broker).Select(answer => $"broker {answer.Key.Broker}: {answer.Value}"))})"));
    }

    /// <summary>Behind the highest offset of each partition that was acknowledged so far.</summary>
    public IReadOnlyDictionary<int, long> Acknowledged() => _lastAcknowledged.ToDictionary(last => last.Key, last => last.Value.Offset + 1);

    public void Note(in Append append)
    {
        History.Appends.Enqueue(append);
        if (append.Outcome != AppendOutcome.Acknowledged) return;
        var (started, offset) = (append.Started, append.Offset);
        _lastAcknowledged.AddOrUpdate(append.Partition, (started, offset), (_, last) => (started > last.Started ? started : last.Started, Math.Max(offset, last.Offset)));
        Progress.Note();
    }

    public void Remark(ViolationKind kind, string what) => History.Remarks.Enqueue(new(kind, what));
}
