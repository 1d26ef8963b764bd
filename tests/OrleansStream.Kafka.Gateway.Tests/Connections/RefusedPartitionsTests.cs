using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Tests.Connections;

public class RefusedPartitionsTests
{
    [Fact]
    public void What_was_read_before_the_refusal_left_is_held_and_what_came_later_is_not()
    {
        var refused = new RefusedPartitions();
        var refusal = new Refusal();
        var (first, second) = (refused.NumberOfNext(), refused.NumberOfNext());
        refused.Add(refusal, "orders", 3);

        Assert.True(refused.Holds(second, "orders", 3));
        Assert.False(refused.Holds(second, "orders", 4));
        var third = refused.NumberOfNext();
        refused.Tell(refusal);
        var fourth = refused.NumberOfNext();

        Assert.True(refused.Holds(third, "orders", 3));
        Assert.False(refused.Holds(fourth, "orders", 3));
        Assert.Equal(1, first);
    }

    [Fact]
    public void A_partition_that_is_refused_again_is_held_for_the_later_refusal()
    {
        var refused = new RefusedPartitions();
        var (early, late) = (new Refusal(), new Refusal());
        refused.NumberOfNext();
        refused.Add(early, "orders", 0);
        refused.Tell(early);
        var second = refused.NumberOfNext();
        refused.Add(late, "orders", 0);
        var third = refused.NumberOfNext();

        Assert.True(refused.Holds(third, "orders", 0));
        Assert.True(second < third);
    }

    [Fact]
    public void Beyond_the_bound_every_partition_is_held_until_the_client_can_know()
    {
        var refused = new RefusedPartitions(most: 2);
        var refusal = new Refusal();
        refused.NumberOfNext();
        for (var partition = 0; partition < 3; partition++)
        {
            refused.Add(refusal, "orders", partition);
        }

        Assert.True(refused.Holds(refused.NumberOfNext(), "others", 0));
        refused.Tell(refusal);

        var later = refused.NumberOfNext();
        Assert.False(refused.Holds(later, "others", 0));
        Assert.False(refused.Holds(later, "orders", 0));
    }

    [Fact]
    public void What_the_client_knows_of_makes_room_though_nobody_asks_for_it()
    {
        var refused = new RefusedPartitions(most: 2);
        for (var round = 0; round < 3; round++)
        {
            var refusal = new Refusal();
            refused.ForgetTold(refused.NumberOfNext());
            refused.Add(refusal, "orders", 0);
            refused.Add(refusal, "orders", 1);
            Assert.False(refused.HoldsAll(refusal));
            refused.Tell(refusal);
        }

        var last = new Refusal();
        refused.Add(last, "orders", 2);
        Assert.True(refused.HoldsAll(last));
    }
}
