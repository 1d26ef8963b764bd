using System.Diagnostics.Metrics;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups.Effects;

namespace OrleansStream.Grains.Groups;

/// <summary>What happens to groups, as numbers.</summary>
internal sealed class GroupMetrics
{
    private readonly Counter<long> _events;

    public GroupMetrics(IMeterFactory meters, TicketBoard tickets)
    {
        var meter = meters.Create("OrleansStream.Groups");
        _events = meter.CreateCounter<long>("orleansstream.groups.events", description: "Rebalances, expired and fenced members, expired offsets, by kind.");
        meter.CreateObservableGauge("orleansstream.groups.waiters", () => tickets.Count, "{request}", "Joins, syncs and commits whose answer comes later.");
    }

    public void Count(IReadOnlyList<GroupEvent> events)
    {
        foreach (var happened in events)
        {
            _events.Add(Math.Max(1, happened.Kind == GroupEventKind.OffsetsExpired ? happened.Count : 1), new KeyValuePair<string, object?>("kind", happened.Kind.ToString()));
        }
    }
}
