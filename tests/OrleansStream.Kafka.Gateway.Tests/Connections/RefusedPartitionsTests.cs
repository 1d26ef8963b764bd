using Microsoft.Extensions.Time.Testing;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class RefusedPartitionsTests
{
    private readonly FakeTimeProvider _time = new();
    private static readonly CatalogSnapshot Nothing = CatalogSnapshot.Empty;
    private static readonly CatalogSnapshot Orders = Nothing.With(TopicOf("orders", 1), 1);

    [Fact]
    public void What_was_read_before_the_refusal_left_is_held_and_what_came_later_is_not()
    {
        var refused = new RefusedPartitions(_time);
        var (first, second) = (refused.NumberOfNext(), refused.NumberOfNext());
        var refusal = new Refusal(first);
        refused.Add(refusal, "orders", 3, Orders);

        Assert.True(refused.Holds(second, "orders", 3, Orders));
        Assert.False(refused.Holds(second, "orders", 4, Orders));
        var third = refused.NumberOfNext();
        Land(refused, refusal);
        var fourth = refused.NumberOfNext();

        Assert.True(refused.Holds(third, "orders", 3, Orders));
        Assert.False(refused.Holds(fourth, "orders", 3, Orders));
        Assert.Equal(1, first);
    }

    // The answer said that nobody knows what became of it.
    [Theory, InlineData(false), InlineData(true)]
    public void What_was_sent_behind_a_batch_that_was_lost_after_its_answer_is_held_as_long_as_it_has_no_place(bool hasPlace)
    {
        var refused = new RefusedPartitions(_time);
        var (first, second) = (refused.NumberOfNext(), refused.NumberOfNext());
        var refusal = new Refusal(first);
        refused.Expect(refusal);
        Assert.False(refused.Holds(second, "orders", 3, Orders));
        refused.Appended(first);
        Land(refused, refusal);
        var third = refused.NumberOfNext();
        if (hasPlace) refused.Appended(second);

        refused.Add(refusal, "orders", 3, Orders);

        Assert.Equal(hasPlace ? 0 : 1, refused.Count);
        Assert.Equal((!hasPlace, false), (refused.Holds(second, "orders", 3, Orders), refused.Holds(third, "orders", 3, Orders)));
    }

    [Fact]
    public void A_partition_that_is_refused_again_is_held_for_the_later_refusal()
    {
        var refused = new RefusedPartitions(_time);
        var early = new Refusal(refused.NumberOfNext());
        refused.Add(early, "orders", 0, Orders);
        Land(refused, early);
        var late = new Refusal(refused.NumberOfNext());
        refused.Add(late, "orders", 0, Orders);

        Assert.True(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
    }

    [Theory]
    [InlineData("orders")]
    [InlineData("beyond")]
    public void A_refusal_that_comes_late_and_is_told_early_does_not_end_the_hold_of_a_later_request(string topic)
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 0);
        var (early, late) = (new Refusal(refused.NumberOfNext()), new Refusal(refused.NumberOfNext()));
        refused.Add(late, topic, 0, Orders);
        refused.Add(early, topic, 0, Orders);
        Land(refused, early);
        var third = refused.NumberOfNext();

        Assert.True(refused.Holds(third, topic, 0, Orders));
        Land(refused, late);
        Assert.False(refused.Holds(refused.NumberOfNext(), topic, 0, Orders));
    }

    // One connection for many clients, some of whom ask for what does not exist all the time.
    [Fact]
    public void A_topic_made_after_a_refusal_is_served_though_others_stay_unknown()
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 0);
        var before = new Refusal(refused.NumberOfNext());
        refused.Add(before, "unknown", 0, Nothing);
        var after = new Refusal(refused.NumberOfNext());
        refused.Add(after, "unknown", 0, Orders);
        Assert.True(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));

        Land(refused, before);

        Assert.False(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
        Assert.True(refused.Holds(refused.NumberOfNext(), "unknown", 0, Orders));
    }

    [Fact]
    public void Beyond_the_bound_what_has_come_to_be_since_then_is_held_and_what_existed_is_not()
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 2);
        var refusal = new Refusal(refused.NumberOfNext());
        for (var topic = 0; topic < 4; topic++)
        {
            refused.Add(refusal, $"not-yet-{topic}", 0, Orders);
        }

        var catalog = Orders.With(TopicOf("not-yet-3", 2), 2).With(TopicOf("other", 3), 3);
        var next = refused.NumberOfNext();
        Assert.Equal(2, refused.Count);
        Assert.False(refused.Holds(next, "orders", 0, catalog));
        Assert.True(refused.Holds(next, "orders", 4, catalog));
        Assert.True(refused.Holds(next, "not-yet-3", 0, catalog));
        Assert.True(refused.Holds(next, "other", 0, catalog));
        Assert.True(refused.Holds(next, "orders", 0, Nothing.With(TopicOf("orders", 4), 4)));
        Land(refused, refusal);

        var later = refused.NumberOfNext();
        Assert.False(refused.Holds(later, "not-yet-3", 0, catalog));
        Assert.False(refused.Holds(later, "not-yet-0", 0, catalog));
    }

    [Fact]
    public void Partitions_that_exist_are_remembered_beyond_the_bound()
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 0);
        var refusal = new Refusal(refused.NumberOfNext());
        refused.Add(refusal, "orders", 0, Orders);
        refused.Add(refusal, "orders", 1, Orders);

        Assert.True(refused.Holds(2, "orders", 1, Orders));
        Assert.False(refused.Holds(2, "orders", 2, Orders));
    }

    [Fact]
    public void What_the_client_knows_of_makes_room_though_nobody_asks_for_it()
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 2);
        for (var round = 0; round < 3; round++)
        {
            var refusal = new Refusal(refused.NumberOfNext());
            refused.ForgetTold(refusal.Number);
            refused.Add(refusal, "not-yet", 0, Nothing);
            refused.Add(refusal, "not-yet", 1, Nothing);
            Assert.False(refused.Holds(refusal.Number, "others", 0, Nothing));
            Land(refused, refusal);
        }
    }

    [Fact]
    public void A_client_that_falls_silent_leaves_nothing_behind()
    {
        var refused = new RefusedPartitions(_time);
        var (first, second) = (refused.NumberOfNext(), refused.NumberOfNext());
        var refusal = new Refusal(first);
        refused.Add(refusal, "orders", 0, Orders);
        refused.Appended(first);
        Land(refused, refusal);

        refused.EndHolds();
        Assert.Equal(1, refused.Count);
        refused.Appended(second);
        Assert.Equal(0, refused.Count);
    }

    [Fact]
    public void What_comes_within_one_way_of_the_network_is_held_and_what_comes_later_is_not()
    {
        var refused = new RefusedPartitions(_time);
        var refusal = new Refusal(refused.NumberOfNext());
        refused.Add(refusal, "orders", 0, Orders);
        refused.Tell(refusal);
        refused.ReaderWaits();
        _time.Advance(RefusedPartitions.FlightTime - TimeSpan.FromTicks(1));

        Assert.True(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.False(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
    }

    [Fact]
    public void What_had_come_before_the_answer_left_is_held_however_late_it_is_read()
    {
        var refused = new RefusedPartitions(_time);
        var refusal = new Refusal(refused.NumberOfNext());
        refused.Add(refusal, "orders", 0, Orders);
        refused.Tell(refusal);
        _time.Advance(RefusedPartitions.LongestHold - TimeSpan.FromTicks(1));

        Assert.True(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
        refused.ReaderWaits();
        refused.ReaderGoesOn();
        Assert.False(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
    }

    [Fact]
    public void A_client_whose_requests_leave_no_gap_is_not_held_for_ever()
    {
        var refused = new RefusedPartitions(_time);
        var refusal = new Refusal(refused.NumberOfNext());
        refused.Add(refusal, "orders", 0, Orders);
        refused.Tell(refusal);
        _time.Advance(RefusedPartitions.LongestHold);

        Assert.False(refused.Holds(refused.NumberOfNext(), "orders", 0, Orders));
    }

    // A second's worth of refusals hold at once. Looking through all of them for each request took minutes here; this takes a tenth of a second.
    [Fact]
    public void The_hundred_thousandth_refusal_of_a_client_that_never_rests_costs_no_more_than_the_first()
    {
        var refused = new RefusedPartitions(_time, mostUnknown: 0);
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var round = 0; round < 100_000; round++)
        {
            if (round % 100 == 0)
            {
                _time.Advance(TimeSpan.FromTicks(RefusedPartitions.LongestHold.Ticks / 1_100));
            }

            var refusal = new Refusal(refused.NumberOfNext());
            refused.ForgetTold(refusal.Number);
            refused.Holds(refusal.Number, "orders", 0, Orders);
            refused.Add(refusal, "unknown", 0, Orders);
            refused.Appended(refusal.Number);
            refused.Tell(refusal);
        }

        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    // The answer leaves, and so long passes that whatever comes then was sent by one who may know it.
    private void Land(RefusedPartitions refused, Refusal refusal)
    {
        refused.Tell(refusal);
        refused.ReaderWaits();
        refused.ReaderGoesOn();
        _time.Advance(RefusedPartitions.FlightTime);
    }

    private static Topic TopicOf(string name, int id) => new()
    {
        Id = new TopicId(new Guid(id, 1, 1, new byte[8])),
        Name = name,
        PartitionCount = 4,
        ReplicationFactor = 1,
        Configs = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty,
    };
}
