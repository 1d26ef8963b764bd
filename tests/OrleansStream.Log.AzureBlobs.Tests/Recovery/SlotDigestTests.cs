using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Brokers;
using OrleansStream.Log.AzureBlobs.Tests.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Recovery;

/// <summary>What a lane writes down of its blocks while it lives, and how much of it a recovery reads instead of them.</summary>
public sealed class SlotDigestTests
{
    private const int Blocks = 700;

    // The lane index forgets no less than a run, which is 64 KiB.
    private const int FirstRun = 66;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_many_small_blocks_only_the_last_are_read()
    {
        await using var lane = await LaneAsync();
        var reads = 0;
        lane.Blobs.BeforeCall = call => reads += call is { Kind: BlobCallKind.Read, Name: ['w', '/', ..] } ? 1 : 0;

        var summary = await RecoverAsync(lane);

        Assert.Equal(2, lane.Blobs.Names.Count(static name => name.StartsWith("d/", StringComparison.Ordinal)));
        Assert.InRange(reads, Blocks - (2 * 256), Blocks - (2 * 256) + 4); // The fence looks at the slots around the end.
        AssertFound(summary, 0);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Without_a_digest_or_with_a_damaged_one_the_same_is_found(bool isDamaged)
    {
        await using var lane = await LaneAsync();
        var digest = lane.Blobs.Names.First(static name => name.StartsWith("d/", StringComparison.Ordinal));
        if (isDamaged) lane.Blobs[digest][^1] ^= 1;
        else await lane.Blobs.DeleteAsync(digest, Token);

        AssertFound(await RecoverAsync(lane), 0);
    }

    [Fact]
    public async Task A_digest_of_blocks_below_the_trim_point_counts_for_nothing()
    {
        await using var lane = await LaneAsync();
        lane.Lane.Index.ForgetBelow(lane.Partition.Partition, new Offset(FirstRun));
        await lane.Lane.TrimAsync(Token);
        for (var slot = 0; slot < FirstRun; slot++) await lane.Blobs.DeleteAsync(lane.NameOf(slot), Token);

        AssertFound(await RecoverAsync(lane), FirstRun);
    }

    [Fact]
    public async Task Digests_go_with_the_blocks_of_which_they_speak()
    {
        await using var lane = await LaneAsync();

        lane.Store.Forget(new Slot(300));

        Assert.Equal(1, lane.Blobs.Names.Count(static name => name.StartsWith("d/", StringComparison.Ordinal)));
        Assert.Equal(Blocks - 300, lane.Blobs.Names.Count(static name => name.StartsWith("w/", StringComparison.Ordinal)));
    }

    // A list has no place to begin but the beginning of a name.
    [Fact]
    public async Task X2_a_fence_lists_what_lies_behind_the_digests_and_nothing_else()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        for (var offset = 0; offset < 4090; offset++) lane.Append(offset);

        var summary = await RecoverAsync(lane);

        Assert.Equal(new Slot(4090), summary.Fenced.End);
        Assert.Equal(["0000000000000", "0000000000001"], lane.Blobs.Calls.Where(static call => call is { Kind: BlobCallKind.List, Name: ['w', '/', ..] }).Select(static call => call.Name[^13..]));
    }

    // Should it be written before, and the session fenced below it, a recovery would take for published what nobody was told of.
    [Fact]
    public async Task A_digest_waits_until_all_of_its_blocks_are_durable()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        for (var offset = 0; offset < 254; offset++) lane.Append(offset);
        lane.Blobs.HoldsPuts = true;
        lane.Append(254, 255, 256);
        lane.Release(256);
        lane.Release(255);
        lane.Blobs.HoldsPuts = false;
        Assert.DoesNotContain(lane.Blobs.Names, static name => name.StartsWith("d/", StringComparison.Ordinal));

        lane.Release(254);

        Assert.Single(lane.Blobs.Names, static name => name.StartsWith("d/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_lane_goes_on_when_its_digests_cannot_be_written()
    {
        await using var lane = new SimulatedLane();
        await lane.OpenAsync();
        lane.Blobs.BeforeCall = static call =>
        {
            if (call is { IsPut: true, Name: ['d', '/', ..] }) throw new StorageException(call.Name, "Write", "the test refuses it");
        };
        for (var offset = 0; offset < Blocks; offset++) lane.Append(offset);

        Assert.Equal(Blocks, lane.Published.Count());
        AssertFound(await RecoverAsync(lane), 0);
    }

    // A claim that replays the frames for its producers would read each block of the partition again.
    [Fact]
    public async Task Producers_of_a_dead_broker_are_known_without_reading_its_frames()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var partitions = Enumerable.Range(0, 5).Select(TestCluster.PartitionOf).ToArray();
        for (var sequence = 0; sequence < 80; sequence++)
        {
            foreach (var partition in partitions) Assert.Equal(ErrorCode.None, (await AppendAsync(await first.OpenAsync(partition), sequence)).Error);
        }

        first.IsDead = true;
        var second = await cluster.StartAsync(2);
        await second.OpenAsync(partitions[0]);
        var reads = 0;
        cluster.Blobs.BeforeCall = call => Interlocked.Add(ref reads, call.Kind == BlobCallKind.Read && call.Name.StartsWith("w/", StringComparison.Ordinal) ? 1 : 0);
        foreach (var partition in partitions) await second.OpenAsync(partition);

        Assert.Equal(0, reads);
        foreach (var partition in partitions)
        {
            var handle = await second.OpenAsync(partition);
            var again = await AppendAsync(handle, 79);
            Assert.Equal((ErrorCode.None, 79L), (again.Error, again.BaseOffset.Value));
            Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, (await AppendAsync(handle, 81)).Error);
            Assert.Equal(80L, (await AppendAsync(handle, 80)).BaseOffset.Value);
        }
    }

    private static Task<AppendOutcome> AppendAsync(PartitionHandle handle, int sequence) =>
        TestBroker.AppendAsync(handle, BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}"));

    private static async Task<SimulatedLane> LaneAsync()
    {
        var lane = new SimulatedLane();
        await lane.OpenAsync();
        for (var offset = 0; offset < Blocks; offset++)
        {
            lane.Lane.Append(LaneCalls.Request(lane.Partition, lane.Owner, offset, length: 1000));
            lane.Run();
        }

        return lane;
    }

    private static async Task<SessionSummary> RecoverAsync(SimulatedLane lane) => (await new SessionRecovery(lane.Recovery).RecoverAsync(lane.Session, Token))!;

    private static void AssertFound(SessionSummary summary, long from)
    {
        Assert.Equal(new Slot(Blocks), summary.Fenced.End);
        var at = from;
        foreach (var extent in summary.FramesOf(LaneCalls.Partition(0)))
        {
            Assert.Equal((at, at, extent.LastOffset.Value), (extent.BaseOffset.Value, extent.FirstSlot.Value, extent.LastSlot.Value));
            at = extent.LastOffset.Value + 1;
        }

        Assert.Equal(Blocks, at);
    }
}
