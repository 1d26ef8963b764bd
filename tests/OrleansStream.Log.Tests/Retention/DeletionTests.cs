using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Retention;

public sealed class DeletionTests : IDisposable
{
    private readonly RetentionBench _bench = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task D3_deleting_leaves_a_tombstone_ends_the_handle_and_lets_the_lane_trim()
    {
        var deleted = _bench.Open(index: 0);
        var kept = _bench.Open(index: 1);
        _bench.Append(deleted, 1);
        _bench.Append(deleted, 1);
        _bench.Append(kept, 1);
        var lane = _bench.Broker.Lane.Lane;
        await lane.TrimAsync(Token);
        Assert.Equal(Slot.Zero, lane.TrimPoint);

        await _bench.Deletion.DeleteAsync(deleted.Id, Token);

        Assert.Equal(ErrorCode.UnknownTopicOrPartition, deleted.Closed);
        Assert.True((await _bench.ManifestOf(deleted.Id)).Deleted);
        await lane.TrimAsync(Token);
        Assert.Equal(new Slot(2), lane.TrimPoint);
        Assert.True(kept.IsOwner);
    }

    [Fact]
    public async Task D3_a_partition_that_was_never_opened_gets_a_tombstone_too_and_deleting_twice_changes_nothing()
    {
        var partition = MemoryBroker.PartitionOf(5);
        await _bench.Deletion.DeleteAsync(partition, Token);
        var tombstone = await _bench.ManifestOf(partition);
        Assert.True(tombstone.Deleted);

        await _bench.Deletion.DeleteAsync(partition, Token);
        Assert.Equal(tombstone, await _bench.ManifestOf(partition));
    }

    // A frame on its way would come into the index after everything was forgotten, and pin its slot for ever.
    [Fact]
    public async Task T1_frames_in_flight_are_waited_for_before_the_lane_forgets()
    {
        var handle = _bench.Open();
        _bench.Broker.Append(handle, new Testing.Records.BatchBuilder().Record("late"));
        var deletion = _bench.Deletion.DeleteAsync(handle.Id, Token).AsTask();
        Assert.False(deletion.IsCompleted);

        _bench.Broker.Lane.Publish();
        await deletion;

        await _bench.Broker.Lane.Lane.TrimAsync(Token);
        Assert.Equal(_bench.Broker.Lane.Lane.PublishedEnd, _bench.Broker.Lane.Lane.TrimPoint);
    }

    [Fact]
    public async Task What_the_lane_keeps_of_deleted_partitions_goes_with_them()
    {
        var kept = _bench.Open(index: 1000);
        _bench.Append(kept, 1);
        var lane = _bench.Broker.Lane.Lane;
        var (before, epochs) = (lane.Index.Partitions, _bench.Broker.Epochs.Count);
        for (var index = 0; index < 100; index++)
        {
            var handle = _bench.Open(index: index);
            _bench.Append(handle, 1);
            await _bench.Deletion.DeleteAsync(handle.Id, Token);

            // A request that still has the handle is refused all the same.
            _bench.Broker.Append(handle, new Testing.Records.BatchBuilder().Record("late"));
            Assert.Equal(ErrorCode.UnknownTopicOrPartition, _bench.Broker.Appends.Last.Error);
        }

        Assert.Equal((before, epochs), (lane.Index.Partitions, _bench.Broker.Epochs.Count));
        Assert.True(kept.IsOwner);
    }

    // It may have read the manifest before the tombstone stood, and must find its epoch closed.
    [Fact]
    public async Task B2_a_partition_that_is_being_opened_while_it_is_deleted_stays_closed_until_that_has_ended()
    {
        var handle = _bench.Open();
        _bench.Append(handle, 1);
        var isOpening = true;
        var deletion = new PartitionDeletion(_bench.Editor, _bench.Broker.Handles, () => _bench.Broker.Lane.Lane, _bench.Pending, _ => isOpening);

        await deletion.DeleteAsync(handle.Id, Token);
        Assert.False(_bench.Broker.Epochs.TryPublish(handle.Id, handle.Epoch, static () => { }));
        deletion.OnOpened(handle.Id);
        Assert.False(_bench.Broker.Epochs.TryPublish(handle.Id, handle.Epoch, static () => { }));

        isOpening = false;
        deletion.OnOpened(handle.Id);
        Assert.Equal(0, _bench.Broker.Lane.Lane.Index.Partitions);
    }

    [Fact]
    public async Task D3_segments_and_snapshot_of_a_deleted_partition_are_deleted_after_the_delay()
    {
        var handle = _bench.Open(change: manifest => manifest with
        {
            Extents = [new SegmentExtent("p/a", default, Offset.Zero, new Offset(9), 100, 1)],
            Snapshot = new SnapshotReference("p/s", new Offset(5)),
        });
        foreach (var name in new[] { "p/a", "p/s" }) await PutAsync(name);

        await _bench.Deletion.DeleteAsync(handle.Id, Token);
        await _bench.Pending.DeleteDueAsync(Token);
        _bench.Time.Advance(TimeSpan.FromSeconds(60));
        await _bench.Pending.DeleteDueAsync(Token);

        Assert.Empty(_bench.Objects.Names);
        var tombstone = await _bench.ManifestOf(handle.Id);
        Assert.True(tombstone.Deleted);
        Assert.Empty(tombstone.PendingDelete);
    }

    [Fact]
    public async Task D2_an_object_that_cannot_be_deleted_keeps_no_other_from_going_and_is_tried_ever_more_seldom()
    {
        for (var index = 0; index < 3; index++)
        {
            var name = $"p/{index}";
            var handle = _bench.Open(index: index, change: manifest => manifest with { Extents = [new SegmentExtent(name, default, Offset.Zero, new Offset(9), 100, 1)] });
            await PutAsync(name);
            await _bench.Deletion.DeleteAsync(handle.Id, Token);
        }

        await _bench.Pending.DeleteDueAsync(Token);
        _bench.Time.Advance(TimeSpan.FromSeconds(60));
        _bench.Objects.DeleteFault = static name => name == "p/1" ? new DiskException(name, "Delete", 5, "input/output error") : null;

        Assert.Equal(2, await _bench.Pending.DeleteDueAsync(Token));
        Assert.Equal(["p/1"], _bench.Objects.Names);
        Assert.Equal(["p/1"], (await _bench.ManifestOf(MemoryBroker.PartitionOf(1))).PendingDelete);
        for (var second = 0; second < 600; second++)
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal(0, await _bench.Pending.DeleteDueAsync(Token));
        }

        // At once, and 5, 15, 35, 75, 155 and 315 seconds later.
        Assert.Equal(7, _bench.Pending.FailedDeletes);
        _bench.Objects.DeleteFault = null;
        _bench.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(1, await _bench.Pending.DeleteDueAsync(Token));
        Assert.Empty(_bench.Objects.Names);
    }

    [Fact]
    public async Task D4_an_orphan_that_cannot_be_deleted_keeps_the_sweep_from_no_other()
    {
        var handle = _bench.Open(change: manifest => manifest with { Epoch = new LeaderEpoch(3) });
        var (stuck, orphan) = (await PutAsync(NameOf(handle.Id, epoch: 1)), await PutAsync(NameOf(handle.Id, epoch: 2)));
        _bench.Objects.DeleteFault = name => name == stuck ? new DiskException(name, "Delete", 5, "input/output error") : null;

        Assert.Equal(1, await _bench.Sweep.RunAsync(Token));

        Assert.Equal([stuck], _bench.Objects.Names);
        Assert.DoesNotContain(orphan, _bench.Objects.Names);
    }

    [Fact]
    public async Task D4_an_orphan_of_an_earlier_epoch_is_deleted_at_once()
    {
        var handle = _bench.Open(change: manifest => manifest with { Epoch = new LeaderEpoch(3) });
        var orphan = await PutAsync(NameOf(handle.Id, epoch: 2));

        Assert.Equal(1, await _bench.Sweep.RunAsync(Token));
        Assert.DoesNotContain(orphan, _bench.Objects.Names);
    }

    [Fact]
    public async Task D4_an_orphan_of_the_present_epoch_goes_onto_the_list_after_a_day()
    {
        var handle = _bench.Open();
        var orphan = await PutAsync(NameOf(handle.Id, epoch: 0));
        Assert.Equal(0, await _bench.Sweep.RunAsync(Token));
        _bench.Time.Advance(ObjectSweepDay - TimeSpan.FromTicks(1));
        Assert.Equal(0, await _bench.Sweep.RunAsync(Token));
        Assert.Empty((await _bench.ManifestOf(handle.Id)).PendingDelete);

        _bench.Time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(1, await _bench.Sweep.RunAsync(Token));

        Assert.Equal([orphan], (await _bench.ManifestOf(handle.Id)).PendingDelete);
        Assert.Contains(orphan, _bench.Objects.Names);
        Assert.Equal(0, await _bench.Sweep.RunAsync(Token));
    }

    // Nobody runs two on purpose; a sweep that hangs in its storage while the next one begins is the same.
    [Fact]
    public async Task D4_two_sweeps_that_overlap_list_an_orphan_once_and_delete_nothing_that_is_named()
    {
        var handle = _bench.Open(change: manifest => manifest with { Epoch = new LeaderEpoch(3) });
        var named = await PutAsync(NameOf(handle.Id, epoch: 2));
        _bench.Store.Put((await _bench.ManifestOf(handle.Id)) with { Extents = [new SegmentExtent(named, default, Offset.Zero, new Offset(9), 100, 1)] });
        var (orphan, old) = (await PutAsync(NameOf(handle.Id, epoch: 3)), await PutAsync(NameOf(handle.Id, epoch: 1)));
        var other = _bench.NewSweep();
        Assert.Equal(1, await _bench.Sweep.RunAsync(Token)); // The old one; the other is seen for the first time.
        Assert.Equal(0, await other.RunAsync(Token));
        _bench.Time.Advance(ObjectSweepDay);

        var inner = -1;
        _bench.Store.BeforeWrite = _ =>
        {
            _bench.Store.BeforeWrite = null;
            inner = other.RunAsync(Token).AsTask().GetAwaiter().GetResult();
        };
        var outer = await _bench.Sweep.RunAsync(Token);

        Assert.Equal((1, 0), (inner, outer));
        Assert.Equal([orphan], (await _bench.ManifestOf(handle.Id)).PendingDelete);
        Assert.DoesNotContain(old, _bench.Objects.Names);
        Assert.Contains(named, _bench.Objects.Names);
    }

    [Fact]
    public async Task D4_what_the_manifest_names_is_never_touched()
    {
        var partition = MemoryBroker.PartitionOf(0);
        var (segment, snapshot) = (NameOf(partition, 0), NameOf(partition, 1) + ".snapshot");
        _bench.Open(change: manifest => manifest with
        {
            Epoch = new LeaderEpoch(3),
            Extents = [new SegmentExtent(segment, default, Offset.Zero, new Offset(9), 100, 1)],
            Snapshot = new SnapshotReference(snapshot, new Offset(5)),
        });
        await PutAsync(segment);
        await PutAsync(snapshot);
        await PutAsync("b/1");
        for (var day = 0; day < 3; day++)
        {
            Assert.Equal(0, await _bench.Sweep.RunAsync(Token));
            _bench.Time.Advance(ObjectSweepDay);
        }

        Assert.Equal(3, _bench.Objects.Names.Count);
    }

    [Fact]
    public async Task D3_objects_of_a_topic_that_the_catalog_does_not_know_go_behind_a_tombstone()
    {
        var (known, unknown) = (MemoryBroker.PartitionOf(7), MemoryBroker.PartitionOf(8));
        _bench.Confirm(known);
        await PutAsync(NameOf(known, 0));
        await PutAsync(NameOf(unknown, 0));

        await _bench.Sweep.RunAsync(Token);

        Assert.Null(await _bench.Store.GetAsync(known, Token));
        Assert.True((await _bench.ManifestOf(unknown)).Deleted);
        Assert.Equal([NameOf(unknown, 0)], (await _bench.ManifestOf(unknown)).PendingDelete);
    }

    private static TimeSpan ObjectSweepDay => Log.Retention.ObjectSweep.WriterTime;

    private static string NameOf(PartitionId partition, int epoch) => SegmentName.New(partition, new Offset(5), new LeaderEpoch(epoch), new Guid(epoch, 3, 3, new byte[8]));

    private async Task<string> PutAsync(string name)
    {
        await _bench.Objects.TryCreateAsync(name, new System.Buffers.ReadOnlySequence<byte>(new byte[1]), Token);
        return name;
    }
}
