using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class HandleTableTests
{
    [Fact]
    public void A_published_handle_is_found_counted_and_listed_until_it_is_closed()
    {
        using var broker = new MemoryBroker();
        var opened = new List<PartitionHandle>();
        var withdrawn = new List<PartitionHandle>();
        broker.Handles.Opened += opened.Add;
        broker.Handles.Withdrawn += withdrawn.Add;
        var handle = broker.Open();

        Assert.True(broker.Handles.TryGet(handle.Id, out var found));
        Assert.Same(handle, found);
        Assert.Equal([handle], broker.Handles.All);
        Assert.Equal(1, broker.Handles.Count);

        handle.Close(ErrorCode.UnknownTopicOrPartition);
        handle.Close(ErrorCode.NotLeaderOrFollower);
        Assert.False(broker.Handles.TryGet(handle.Id, out _));
        Assert.Equal(0, broker.Handles.Count);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, handle.Closed);
        Assert.Equal([handle], opened);
        Assert.Equal([handle], withdrawn);
    }

    // Rule O6.
    [Fact]
    public void A_higher_epoch_replaces_a_handle_and_a_lower_or_equal_one_never_does()
    {
        using var broker = new MemoryBroker();
        var second = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 2));
        var first = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 1));
        var same = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 2));
        Assert.True(second.IsOwner);
        Assert.False(first.IsOwner);
        Assert.False(same.IsOwner);

        var third = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 3));
        Assert.False(second.IsOwner);
        Assert.True(broker.Handles.TryGet(third.Id, out var found));
        Assert.Same(third, found);
        Assert.Equal(1, broker.Handles.Count);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(6, false)]
    public void A_handle_serves_only_above_the_closed_epoch(int closed, bool serves)
    {
        using var broker = new MemoryBroker();
        broker.Epochs.Close(MemoryBroker.AnyPartition, new LeaderEpoch(closed));

        var handle = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 5));

        Assert.Equal(serves, handle.IsOwner);
        Assert.Equal(serves, broker.Handles.TryGet(handle.Id, out _));
    }

    [Fact]
    public void Withdrawing_an_old_epoch_leaves_a_newer_handle()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 5));

        broker.Handles.Withdraw(handle.Id, new LeaderEpoch(4), ErrorCode.NotLeaderOrFollower);
        Assert.True(handle.IsOwner);

        broker.Handles.Withdraw(handle.Id, new LeaderEpoch(5), ErrorCode.NotLeaderOrFollower);
        Assert.False(handle.IsOwner);
    }

    [Fact]
    public void Closing_a_replaced_handle_leaves_the_newer_one_in_the_table()
    {
        using var broker = new MemoryBroker();
        var old = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 1));
        var newer = broker.Open(broker.NewManifest(MemoryBroker.AnyPartition, epoch: 2));

        old.Close(ErrorCode.KafkaStorageError);

        Assert.True(broker.Handles.TryGet(newer.Id, out var found));
        Assert.Same(newer, found);
    }

    [Fact]
    public void A_handle_that_was_closed_before_it_was_published_never_serves()
    {
        using var broker = new MemoryBroker();
        var handle = new PartitionHandle(broker.Parts, broker.Lane.Lane, new PartitionStart { Manifest = broker.NewManifest(MemoryBroker.AnyPartition), LogEnd = Offset.Zero, Settings = new PartitionSettings() });
        handle.Close(ErrorCode.NotLeaderOrFollower);

        Assert.False(broker.Handles.TryPublish(handle));
        Assert.Equal(0, broker.Handles.Count);
    }

    [Fact]
    public void Any_order_of_racing_claims_and_closings_ends_with_the_highest_epoch_or_none()
    {
        var random = new Random(7);
        for (var round = 0; round < 50; round++)
        {
            using var broker = new MemoryBroker();
            var handles = Enumerable.Range(0, 6).Select(epoch => new PartitionHandle(broker.Parts, broker.Lane.Lane, new PartitionStart { Manifest = broker.NewManifest(MemoryBroker.AnyPartition, epoch), LogEnd = Offset.Zero, Settings = new PartitionSettings() })).ToArray();
            var closed = random.Next(-1, 6);
            random.Shuffle(handles);
            Parallel.Invoke(
                () => Array.ForEach(handles[..3], handle => broker.Handles.TryPublish(handle)),
                () => Array.ForEach(handles[3..], handle => broker.Handles.TryPublish(handle)),
                () =>
                {
                    broker.Epochs.Close(MemoryBroker.AnyPartition, new LeaderEpoch(closed));
                    broker.Handles.Withdraw(MemoryBroker.AnyPartition, new LeaderEpoch(closed), ErrorCode.NotLeaderOrFollower);
                });

            var owner = Assert.Single(handles, handle => handle.IsOwner || (closed == 5 && handle.Epoch.Value == 5));
            Assert.Equal(5, owner.Epoch.Value);
            Assert.Equal(closed < 5, owner.IsOwner);
            Assert.Equal(closed < 5 ? 1 : 0, broker.Handles.Count);
        }
    }

    [Fact]
    public void A_handle_is_idle_from_its_last_use_unless_somebody_waits()
    {
        using var broker = new MemoryBroker();
        var handle = broker.Open();
        broker.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.FromMinutes(5), handle.IdleFor);

        broker.Append(handle, new BatchBuilder().Record("a"));
        Assert.Equal(TimeSpan.Zero, handle.IdleFor);

        broker.Time.Advance(TimeSpan.FromMinutes(7));
        Reading.Count(handle, Offset.Zero);
        broker.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.FromMinutes(1), handle.IdleFor);

        var waiter = new FetchWaiter(1, _ => { });
        waiter.Watch(handle, new Offset(1));
        waiter.Start();
        Assert.Equal(TimeSpan.Zero, handle.IdleFor);
        waiter.Cancel();
        Assert.Equal(TimeSpan.FromMinutes(1), handle.IdleFor);
    }
}
