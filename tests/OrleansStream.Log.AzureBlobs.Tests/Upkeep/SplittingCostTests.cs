using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Segments;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>What splitting moves beside the bytes that it cuts: storage and network carry it while producers want both.</summary>
public sealed class SplittingCostTests
{
    private const int Million = 1_000_000;

    // Frames as large as librdkafka makes them, as small as a slow producer's, and both; as many as fill the lane twice or so.
    public static TheoryData<string, int, int[]> Shapes => new()
    {
        { "a few partitions of large batches", 6, [Million] },
        { "more partitions of large batches", 12, [Million] },
        { "many partitions of small batches", 100, [10_000] },
        { "large and small batches", 30, [Million, 10_000, 100_000] },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void No_more_is_read_to_split_a_lane_than_is_cut(string shape, int partitions, int[] sizes)
    {
        const int lane = 96 * Limits.MiB;
        using var world = new UpkeepWorld
        {
            Lane = new BlobLaneOptions { BlockBytes = 4 * Limits.MiB },
            Unsplit = new UnsplitOptions { PartitionBytes = 8 * Limits.MiB, LaneBytes = lane },
            Cut = new SegmentOptions(),
        };
        var broker = world.Start(1);
        var chance = new Random(1);
        for (long appended = 0; appended < 2L * lane;)
        {
            var batches = new List<(PartitionId, int)>();
            for (long bytes = 0; bytes < 12 * Limits.MiB; bytes += batches[^1].Item2)
            {
                var partition = chance.Next(partitions);
                batches.Add((UpkeepWorld.PartitionOf(partition), sizes[partition % sizes.Length]));
            }

            world.AppendTogether(broker, batches);
            appended += batches.Sum(static batch => batch.Item2);
            if (appended > lane * 7 / 8) world.Pass(TimeSpan.FromSeconds(2));
        }

        world.Pass(TimeSpan.FromSeconds(30));
        var cut = world.Segments.Sum(name => (double)world.Blobs[name].Length);
        var counts = broker.Log.Reader.Counts;
        var read = counts.Bytes(ReadPriority.Background) / cut;
        Assert.True(cut > lane / 2, $"{shape}: {cut / Million:0} MB were cut.");
        Assert.True(read <= 1.1, $"{shape}: {read:0.00} bytes were read for each that was cut, {cut / Million:0} MB in {world.Segments.Count} segments, by {counts.Requests(ReadPriority.Background)} requests; {counts.EvictedUnused} of {counts.ReadAhead} windows read ahead left the cache unused.");
        world.AssertAllIsThere(broker);
    }
}
