using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Groups;

/// <summary>What all groups of a broker share.</summary>
internal sealed class GroupParts(TicketBoard tickets, DeadlineWheel deadlines, GroupOptions options, TimeProvider time, GroupMetrics metrics)
{
    public TicketBoard Tickets => tickets;

    public DeadlineWheel Deadlines => deadlines;

    public GroupOptions Options => options;

    public GroupMetrics Metrics => metrics;

    public DateTimeOffset Now => time.GetUtcNow();
}
