using System.Diagnostics.Metrics;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Memory;

namespace OrleansStream.Grains.Groups;

/// <summary>What happens to groups, as numbers.</summary>
internal sealed class GroupMetrics
{
    private readonly Meter _meter;
    private readonly Counter<long> _events;

    public GroupMetrics(IMeterFactory meters, TicketBoard tickets)
    {
        _meter = meters.Create("OrleansStream.Groups");
        _events = _meter.CreateCounter<long>("orleansstream.groups.events", description: "Rebalances, expired and fenced members, expired offsets, by kind.");
        _meter.CreateObservableGauge("orleansstream.groups.waiters", () => tickets.Count, "{request}", "Joins, syncs and commits whose answer comes later.");
    }

    /// <summary>Shows what all groups hold. They are those of the journals that were read: the others cost nothing.</summary>
    public void Observe(GroupBudget budget)
    {
        _meter.CreateObservableGauge("orleansstream.groups", () => budget.Held.Groups, "{group}", "Groups that this broker coordinates and has read.");
        _meter.CreateObservableGauge("orleansstream.groups.members", () => budget.Held.Members, "{member}", "Members of these groups.");
        _meter.CreateObservableGauge("orleansstream.groups.offsets", () => budget.Held.Offsets, "{partition}", "Partitions for which these groups keep offsets.");
        _meter.CreateObservableGauge("orleansstream.groups.held", () => budget.Held.Bytes, "By", "What members, assignments and committed offsets occupy.");
        _meter.CreateObservableGauge("orleansstream.groups.held.bound", () => budget.MaxBytes, "By", "The most that they may occupy.");
    }

    public void Count(IReadOnlyList<GroupEvent> events)
    {
        foreach (var happened in events)
        {
            _events.Add(Math.Max(1, happened.Kind == GroupEventKind.OffsetsExpired ? happened.Count : 1), new KeyValuePair<string, object?>("kind", happened.Kind.ToString()));
        }
    }
}
