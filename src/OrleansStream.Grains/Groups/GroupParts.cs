using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Groups;

/// <summary>What all groups of a broker share.</summary>
internal sealed class GroupParts
{
    private readonly TimeProvider _time;

    public GroupParts(TicketBoard tickets, DeadlineWheel deadlines, GroupOptions options, TimeProvider time, GroupMetrics metrics)
    {
        Tickets = tickets;
        Deadlines = deadlines;
        Options = options;
        _time = time;
        Metrics = metrics;
        Budget = new GroupBudget(options.MaxBytes);
        metrics.Observe(Budget);
    }

    public TicketBoard Tickets { get; }

    public DeadlineWheel Deadlines { get; }

    public GroupOptions Options { get; }

    public GroupBudget Budget { get; }

    public GroupMetrics Metrics { get; }

    public DateTimeOffset Now => _time.GetUtcNow();
}
