using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Recovery;

public sealed class SessionScanTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task R1_the_frames_of_every_partition_are_found_in_their_slots()
    {
        await using var lane = new SimulatedLane();
        var other = lane.Lane.PartitionOf(LaneCalls.Partition(1));
        for (var offset = 0; offset < 40; offset++)
        {
            lane.Lane.Append(LaneCalls.Request(lane.Partition, lane.Owner, offset, length: 40_000));
            lane.Lane.Append(LaneCalls.Request(other, lane.Owner, offset + 1_000, length: 300));
            lane.Run();
        }

        var end = lane.Lane.PublishedEnd;
        var found = await ScanAsync(lane, end);

        Assert.Equal([lane.Partition.Partition, other.Partition], found.Keys.Order());
        Assert.Equal((0L, 39L), (found[lane.Partition.Partition][0].BaseOffset.Value, found[lane.Partition.Partition][^1].LastOffset.Value));
        var small = Assert.Single(found[other.Partition]);
        Assert.Equal(new WalExtent(lane.Session, Slot.Zero, new Slot(end.Value - 1), new Offset(1_000), new Offset(1_039), 40 * 300, 1_039), small);
        Assert.All(found[lane.Partition.Partition].Zip(found[lane.Partition.Partition].Skip(1)), pair => Assert.Equal(pair.First.LastOffset + 1, pair.Second.BaseOffset));
    }

    // A carried frame stands twice; the extent spans both, and its reader takes the copy in the higher slot.
    [Fact]
    public async Task R2_copies_of_a_frame_are_one_extent_over_all_their_slots()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0, 1, 2);
        lane.Append(0);

        var extent = Assert.Single((await ScanAsync(lane, new Slot(4)))[lane.Partition.Partition]);

        Assert.Equal((0L, 2L, 0L, 3L), (extent.BaseOffset.Value, extent.LastOffset.Value, extent.FirstSlot.Value, extent.LastSlot.Value));
    }

    [Fact]
    public async Task X4_a_session_without_a_block_has_no_frames()
    {
        await using var lane = new SimulatedLane();

        Assert.Empty(await ScanAsync(lane, Slot.Zero));
    }

    [Fact]
    public async Task R1_a_hole_below_the_end_is_damage()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0, 1, 2, 3);
        await lane.Blobs.DeleteAsync(lane.NameOf(2), Token);

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(async () => await ScanAsync(lane, new Slot(4)));

        Assert.Equal(lane.NameOf(2), damage.Location);
    }

    [Fact]
    public async Task R1_a_block_that_does_not_follow_the_one_before_is_damage()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0, 1);
        await using var twin = new SimulatedLane();
        twin.Append(7, 8);
        twin.Blobs[twin.NameOf(1)].CopyTo(lane.Blobs[lane.NameOf(1)], 0); // Whole, and of this session and slot; but another history.

        await Assert.ThrowsAsync<CorruptBlockException>(async () => await ScanAsync(lane, new Slot(2)));
        Assert.NotEmpty(await ScanAsync(twin, new Slot(2)));
    }

    [Fact]
    public async Task R1_every_damaged_byte_of_header_and_directory_is_found()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0, 1);
        var bytes = lane.Blobs[lane.NameOf(1)];
        var frame = Enumerable.Range(96, 100); // Verified when it is read.
        foreach (var at in Enumerable.Range(0, 200 + 64).Except(frame).Where(at => at is < 196 or >= 200))
        {
            bytes[at] ^= 0x04;
            await Assert.ThrowsAsync<CorruptBlockException>(async () => await ScanAsync(lane, new Slot(2)));
            bytes[at] ^= 0x04;
        }

        Assert.NotEmpty(await ScanAsync(lane, new Slot(2)));
    }

    [Fact]
    public async Task M5_blocks_of_another_generation_are_refused()
    {
        await using var lane = new SimulatedLane();
        lane.Append(0);

        await Assert.ThrowsAsync<CorruptBlockException>(async () =>
            await new SessionScan(lane.Recovery with { ClusterGeneration = 1 }).ReadAsync(new FencedSession(lane.Session, Slot.Zero, new Slot(1)), Token));
    }

    private static async Task<Dictionary<PartitionId, IReadOnlyList<WalExtent>>> ScanAsync(SimulatedLane lane, Slot end) =>
        (await new SessionScan(lane.Recovery).ReadAsync(new FencedSession(lane.Session, Slot.Zero, end), Token)).Partitions.ToDictionary(entry => entry.Key, entry => entry.Value.Extents);
}
