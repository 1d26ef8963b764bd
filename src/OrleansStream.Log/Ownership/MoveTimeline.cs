using System.Globalization;
using System.Text;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Ownership;

/// <summary>What one side of a move did, and when: the owner that lets go, or the broker that claims. Used by one task; to be read once the move is over.</summary>
/// <param name="partition">Which.</param>
/// <param name="side">What people call this side, such as "let go".</param>
/// <param name="time">The clock.</param>
public sealed class MoveTimeline(PartitionId partition, string side, TimeProvider time)
{
    private readonly long _begun = time.GetTimestamp();
    private readonly List<(string Step, TimeSpan At)> _steps = [];

    public PartitionId Partition { get; } = partition;

    /// <summary>What was done, in order, with the time since it began.</summary>
    public IReadOnlyList<(string Step, TimeSpan At)> Steps => _steps;

    /// <summary>A step is done.</summary>
    internal void Mark(string step) => _steps.Add((step, time.GetElapsedTime(_begun)));

    /// <summary>For the log: each step with its milliseconds since the beginning.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(side);
        foreach (var (step, at) in _steps) text.Append(CultureInfo.InvariantCulture, $", {step} {at.TotalMilliseconds:0.0}");
        return text.ToString();
    }
}
