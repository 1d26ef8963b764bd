using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>What leaves the lane of a broker that lives (rules S1, S4, S5, T1, T2).</summary>
public sealed class SplittingTests
{
    [Fact]
    public void A_partition_with_enough_bytes_is_cut_into_segments_and_its_blocks_go_after_the_read_grace()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Append(broker, partition, batches: 40, valueBytes: 10_000);

        world.PassUntil(() => world.ManifestOf(partition).Extents.Length > 0, TimeSpan.FromSeconds(5));
        Assert.All(world.ManifestOf(partition).Extents, static extent => Assert.IsType<SegmentExtent>(extent));

        // The trim point is recorded within a minute, and ten minutes are the readers'.
        var before = world.Slots.Count;
        world.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal(before, world.Slots.Count);
        world.PassUntil(() => world.Slots.Count < before / 2, TimeSpan.FromMinutes(4));
        world.AssertAllIsThere(broker);

        // What was too little for a segment was appended again twice, and is cut half an hour after it came.
        world.PassUntil(() => world.Slots.Count == 0, TimeSpan.FromMinutes(45));
        world.AssertAllIsThere(broker);
    }

    [Fact]
    public void Small_partitions_share_the_blocks_that_they_are_carried_to_twice_and_then_have_one_small_segment_each()
    {
        const int partitions = 20;
        using var world = new UpkeepWorld();
        var broker = world.Start(1);
        for (var index = 0; index < partitions; index++) world.Append(broker, UpkeepWorld.PartitionOf(index), batches: 2, valueBytes: 1000);

        // Ten and twenty minutes after they came all of them stand in new blocks, and nothing was cut for it.
        foreach (var minutes in new[] { 11, 10 })
        {
            var blocks = world.Blobs.Calls.Count(static call => call.IsPut && call.Name.StartsWith("w/", StringComparison.Ordinal));
            world.Pass(TimeSpan.FromMinutes(minutes));
            Assert.InRange(world.Blobs.Calls.Count(static call => call.IsPut && call.Name.StartsWith("w/", StringComparison.Ordinal)) - blocks, 1, partitions / 3);
            Assert.Empty(world.Segments);
        }

        world.Pass(TimeSpan.FromMinutes(10));
        Assert.Equal(partitions, world.Segments.Count);
        world.Pass(TimeSpan.FromMinutes(12));
        Assert.Empty(world.Slots);
        world.AssertAllIsThere(broker);
    }

    // Recovery reads what a lane holds: that much is the most, whatever it is made of.
    [Fact]
    public void A_lane_never_holds_much_more_than_its_bound_however_many_partitions_it_is_filled_by()
    {
        const long bound = 16L * Limits.MiB;
        using var world = new UpkeepWorld();
        var broker = world.Start(1);
        var most = 0L;
        for (var index = 0; index < 150; index++)
        {
            world.Append(broker, UpkeepWorld.PartitionOf(index), batches: 10, valueBytes: 20_000);
            world.Pass(TimeSpan.FromSeconds(1));
            most = Math.Max(most, broker.Log.Lanes.Current.Index.HeldBytes);
        }

        Assert.InRange(most, bound / 2, bound);
        world.AssertAllIsThere(broker);
    }

    [Fact]
    public void Small_segments_are_joined_into_one_and_those_that_it_was_made_of_are_deleted()
    {
        using var world = new UpkeepWorld { Merge = new MergeOptions { SmallBytes = Limits.MiB, MaxBytes = 8 * Limits.MiB, Count = 4 } };
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        for (var cut = 0; cut < 4; cut++)
        {
            world.Append(broker, partition, batches: 30, valueBytes: 10_000);
            world.Pass(TimeSpan.FromSeconds(5));
        }

        world.Pass(TimeSpan.FromMinutes(15));

        var segment = Assert.IsType<SegmentExtent>(world.ManifestOf(partition).Extents[0]);
        Assert.True(segment.Bytes > Limits.MiB, $"It has {segment.Bytes} bytes.");
        Assert.Equal(world.ManifestOf(partition).Extents.OfType<SegmentExtent>().Select(static extent => extent.Name), world.Segments);
        world.AssertAllIsThere(broker);
    }

    [Fact]
    public void Segments_carry_the_generation_of_the_cluster()
    {
        using var world = new UpkeepWorld();
        var broker = world.Start(1);
        world.Append(broker, UpkeepWorld.PartitionOf(0), batches: 40, valueBytes: 10_000);
        world.PassUntil(() => world.Segments.Count > 0, TimeSpan.FromSeconds(5));

        Assert.Equal(UpkeepWorld.Generation, BitConverter.ToInt32(world.Blobs[world.Segments[0]].AsSpan()[^12..]));
    }

    // A split beside a release would change the manifest that is answered with; one that ended before it has what the release would cut.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Partitions_that_move_to_and_fro_while_lanes_are_split_keep_every_record(int seed)
    {
        using var world = new UpkeepWorld(seed);
        UpkeepBroker[] brokers = [world.Start(1), world.Start(2)];
        var chance = new Random(seed);
        for (var round = 0; round < 60; round++)
        {
            world.Append(brokers[chance.Next(2)], UpkeepWorld.PartitionOf(chance.Next(3)), batches: 1 + chance.Next(10), valueBytes: 1 + chance.Next(60_000));
            world.Pass(TimeSpan.FromSeconds(chance.Next(100)));
        }

        world.AssertAllIsThere(brokers[0]);
        world.Pass(TimeSpan.FromHours(1.5));
        Assert.Equal(0, world.BlocksOf(brokers[0].Session) + world.BlocksOf(brokers[1].Session));
        world.AssertAllIsThere(brokers[1]);
    }
}
