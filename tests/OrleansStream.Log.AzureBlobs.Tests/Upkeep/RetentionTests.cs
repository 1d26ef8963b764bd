using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>What a log lets go of (rules D1 to D3).</summary>
public sealed class RetentionTests
{
    private const long HourMs = 3_600_000;

    [Fact]
    public void Expired_segments_leave_the_manifest_and_are_deleted_ten_minutes_later()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Configure(partition, new PartitionSettings { RetentionMs = HourMs, SegmentMs = HourMs / 4 });
        world.Append(broker, partition, batches: 60, valueBytes: 10_000);
        world.Pass(TimeSpan.FromMinutes(40));
        var old = world.Segments;
        world.Append(broker, partition, batches: 60, valueBytes: 10_000);
        world.Pass(TimeSpan.FromMinutes(31));

        // An hour and the five minutes between two looks have gone by for the first ones; their readers may take ten minutes.
        Assert.True(world.ManifestOf(partition).LogStart >= new Offset(60), $"The log starts at {world.ManifestOf(partition).LogStart}.");
        Assert.Empty(old.Except(world.Segments));
        world.Pass(TimeSpan.FromMinutes(10));

        Assert.Empty(world.Segments.Intersect(old));
        Assert.Empty(world.ManifestOf(partition).PendingDelete);
        Assert.Equal(120, (int)world.AssertIsThere(broker, partition).HighWatermark.Value);
    }

    [Fact]
    public void What_a_client_deletes_goes_in_whole_segments_and_nothing_below_the_new_start_is_read()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Append(broker, partition, batches: 300, valueBytes: 10_000);
        world.Pass(TimeSpan.FromSeconds(10));
        var first = world.ManifestOf(partition).Extents.OfType<SegmentExtent>().First();

        Assert.Equal(ErrorCode.None, world.Wait(broker.MoveLogStartAsync(world.Open(broker, partition), first.LastOffset + 5)));
        world.Pass(TimeSpan.FromMinutes(11));

        Assert.DoesNotContain(first.Name, world.Segments);
        Assert.Equal(first.LastOffset + 5, world.AssertIsThere(broker, partition).LogStart);
    }

    // Nobody opens it: the broker on which it is placed looks once an hour.
    [Fact]
    public void Records_expire_in_a_partition_that_nobody_has_opened_since_its_broker_started()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Configure(partition, new PartitionSettings { RetentionMs = HourMs });
        world.Append(broker, partition, batches: 60, valueBytes: 10_000);
        world.Pass(TimeSpan.FromMinutes(50));
        world.Kill(broker);
        var next = world.Start(1);
        Assert.Empty(next.Log.Handles.All);

        world.Pass(TimeSpan.FromHours(1.5));

        Assert.Empty(world.Segments);
        Assert.Equal(new Offset(60), world.AssertIsThere(next, partition).LogStart);
    }

    [Fact]
    public void All_objects_of_a_deleted_topic_disappear_and_tombstones_after_thirty_days()
    {
        using var world = new UpkeepWorld();
        var (broker, kept) = (world.Start(1), UpkeepWorld.PartitionOf(0, topic: 8));
        PartitionId[] deleted = [UpkeepWorld.PartitionOf(0), UpkeepWorld.PartitionOf(1)];
        world.Append(broker, deleted[0], batches: 60, valueBytes: 10_000);
        world.Append(broker, deleted[1], batches: 2);
        world.Append(broker, kept, batches: 60, valueBytes: 10_000);
        world.Pass(TimeSpan.FromSeconds(10));

        world.DeletedTopics.Add(deleted[0].Topic);
        foreach (var partition in deleted) world.Wait(broker.DeleteAsync(partition));
        world.Pass(TimeSpan.FromMinutes(50));

        Assert.All(world.Segments, name => Assert.Contains(kept.ToString(), name, StringComparison.Ordinal));
        Assert.Empty(world.Slots);
        Assert.All(deleted, partition => Assert.Equal((true, 0), (world.ManifestOf(partition).Deleted, world.ManifestOf(partition).PendingDelete.Length)));
        world.AssertIsThere(broker, kept);

        world.Pass(TimeSpan.FromDays(32), TimeSpan.FromMinutes(10));
        Assert.Single(world.Names("m/"));
    }
}
