using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>What opens read, mostly of a session whose partitions all come at once.</summary>
public sealed class OpeningReadsTests
{
    [Fact]
    public async Task Partitions_whose_frames_lie_in_the_same_blocks_read_each_block_once()
    {
        const int partitions = 50;
        await using var bench = new ReadingBench();
        for (var block = 0; block < 200; block++)
        {
            for (var partition = 0; partition < partitions; partition++) bench.Append(partition, block);
            bench.Seal();
        }

        await Task.WhenAll(Enumerable.Range(0, partitions).Select(partition => ReadAllAsync(bench, partition)));

        var blocks = bench.Blobs.Names.Count(static name => name.StartsWith("w/", StringComparison.Ordinal));
        Assert.InRange(blocks, 200, int.MaxValue);
        Assert.Equal(blocks, bench.Reads.Count());
    }

    [Fact]
    public async Task Blocks_of_an_extent_that_is_wanted_as_a_whole_are_asked_for_at_once_as_many_as_opens_may()
    {
        HeldReads? held = null;
        await using var bench = new ReadingBench(new BlobReadingOptions { OpenRequests = 6 }, blobs => held = new HeldReads(blobs));
        for (var block = 0; block < 40; block++)
        {
            bench.Append(0, block);
            bench.Seal();
        }

        var reading = ReadAllAsync(bench, partition: 0);
        await Until.SoAsync(() => bench.Reader.Permits.Waiting(ReadPriority.Open) >= 10 && held!.Held.Count >= 6);

        Assert.Equal((6, 6), (held!.Held.Count, bench.Reader.Permits.Running(ReadPriority.Open)));
        held.ReleaseAll();
        await reading;
    }

    // Its reads are few and large: what is read ahead of it is what another open would have to wait for.
    [Fact]
    public async Task Nothing_is_looked_for_beyond_the_blocks_that_an_open_names()
    {
        await using var bench = new ReadingBench();
        for (var block = 0; block < 8; block++)
        {
            bench.Append(0, block, length: 40_000);
            bench.Seal();
        }

        await ReadAllAsync(bench, partition: 0);
        await bench.Reader.DisposeAsync();

        Assert.Equal(8, bench.Reads.Count());
    }

    private static async Task ReadAllAsync(ReadingBench bench, int partition)
    {
        foreach (var extent in bench.Extents(partition))
        {
            for (var next = extent.BaseOffset.Value; next <= extent.LastOffset.Value;) next = (await bench.ReadAsync(extent, next, partition: partition, by: bench.Reader.Opening))[^1] + 1;
        }
    }
}
