using Microsoft.Extensions.Time.Testing;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

/// <summary>The table of refused partitions beside the rule that it keeps, told by going through every refusal each time.</summary>
public class RefusedPartitionsModelTests
{
    private const int Steps = 2_000;
    private const int MostUnknown = 2;

    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    private readonly FakeTimeProvider _time = new();
    private readonly List<Refusal> _refusals = [];
    private readonly Dictionary<Refusal, CatalogSnapshot> _beyond = [];
    private readonly Queue<Refusal> _unanswered = new();
    private CatalogSnapshot _catalog = CatalogSnapshot.Empty;
    private long _read;
    private long _asked;
    private int _made;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 200)];

    [Theory, MemberData(nameof(Seeds))]
    public void Whatever_is_read_refused_and_told_in_whatever_order_each_request_is_held_as_the_rule_says(int seed)
    {
        var chance = new Random(seed);
        var refused = new RefusedPartitions(_time, MostUnknown);
        var (held, let) = (0, 0);
        for (var step = 0; step < Steps; step++)
        {
            switch (chance.Next(8))
            {
                case 0 or 1 when _unanswered.Count < 8:
                    _unanswered.Enqueue(new Refusal(refused.NumberOfNext()));
                    _read++;
                    break;
                case 2 when _unanswered.Count > 0:
                    Refuse(refused, _unanswered.ElementAt(chance.Next(_unanswered.Count)), Names[chance.Next(Names.Length)], chance.Next(3));
                    break;
                case 3 when _unanswered.Count > 0 && _unanswered.Peek().Number <= _asked:
                    if (_unanswered.Dequeue() is { IsListed: true } told) refused.Tell(told);
                    break;
                case 4:
                    refused.ReaderWaits();
                    refused.ReaderGoesOn();
                    break;
                case 5:
                    _time.Advance(RefusedPartitions.FlightTime * chance.NextDouble());
                    break;
                case 6 when chance.Next(4) == 0:
                    ChangeCatalog(chance);
                    break;
                case 7 when _asked < _read:
                    var (name, index) = (Names[chance.Next(Names.Length)], chance.Next(3));
                    var holds = refused.Holds(++_asked, name, index, _catalog);
                    Assert.True(holds == IsHeld(_asked, name, index), $"Seed {seed}, step {step}: request {_asked} for {name}-{index} is {(holds ? "" : "not ")}held.");
                    refused.Appended(_asked);
                    (held, let) = holds ? (held + 1, let) : (held, let + 1);
                    break;
            }
        }

        Assert.True(held > 0 && let > 0, $"Seed {seed} tries nothing: {held} held, {let} let through.");
    }

    private void Refuse(RefusedPartitions refused, Refusal refusal, string name, int index)
    {
        var isListed = refusal.IsListed;
        var hadBeyond = refusal.HasBeyond;
        refused.Add(refusal, name, index, _catalog);
        if (!isListed) _refusals.Add(refusal);
        if (!hadBeyond && refusal.HasBeyond) _beyond[refusal] = _catalog;
    }

    // When a hold ends is the table's to say and told by LastBefore; whom it holds is told here.
    private bool IsHeld(long request, string name, int index) => _refusals.Any(refusal => request <= refusal.LastBefore
        && (refusal.Partitions.Contains((name, index)) || (_beyond.TryGetValue(refusal, out var then) && !ExistedThen(then, name, index))));

    private bool ExistedThen(CatalogSnapshot then, string name, int index) =>
        then.Find(name) is { } topic && index < topic.PartitionCount && _catalog.Find(name)?.Id == topic.Id;

    private void ChangeCatalog(Random chance)
    {
        var name = Names[chance.Next(Names.Length)];
        _catalog = _catalog.Find(name) is not { } topic ? _catalog.With(TopicOf(name, 1 + chance.Next(2)), _catalog.Version + 1)
            : chance.Next(2) == 0 ? _catalog.Without(topic, _catalog.Version + 1)
            : _catalog.With(topic with { PartitionCount = topic.PartitionCount + 1 }, _catalog.Version + 1);
    }

    private Topic TopicOf(string name, int partitions) =>
        new() { Id = new TopicId(new Guid(++_made, 1, 1, new byte[8])), Name = name, PartitionCount = partitions, ReplicationFactor = 1 };
}
