using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>How many blocks a read within an extent looks at whose frames are not spread evenly over its slots. No directory is kept that could hide a second look.</summary>
public sealed class UnevenExtentTests
{
    private const int Burst = 10;

    [Theory]
    [InlineData(256, 1)]
    [InlineData(256, 5)]
    [InlineData(256, 9)]
    [InlineData(2_048, 5)]
    public async Task A_read_from_inside_a_burst_before_silence_looks_at_few_blocks_however_long_the_silence_is(int slots, int offset)
    {
        await using var bench = NewBench();
        var extent = Write(bench, slots, [.. Enumerable.Range(0, Burst), slots - 1]);

        Assert.Equal([(long)offset], await bench.ReadAsync(extent, offset, maxBytes: 100));

        Assert.InRange(Looks(bench), 1, 48);
    }

    [Theory]
    [InlineData(256)]
    [InlineData(2_048)]
    public async Task A_read_of_a_sparse_tail_s_last_frame_looks_at_its_block_alone(int slots)
    {
        await using var bench = NewBench();
        var extent = Write(bench, slots, [.. Enumerable.Range(0, Burst), slots / 2, slots - 1]);

        Assert.Equal([Burst + 1L], await bench.ReadAsync(extent, Burst + 1));

        Assert.Equal(1, Looks(bench));
    }

    // A burst, then silence; a sparse tail; a sparse head; a burst in the middle; carried behind later ones.
    [Theory]
    [InlineData(0, 1, 2, 3, 4, 5, 6, 255)]
    [InlineData(0, 1, 2, 3, 100, 180, 220, 255)]
    [InlineData(0, 90, 249, 250, 251, 252, 254, 255)]
    [InlineData(0, 60, 61, 62, 63, 64, 65, 255)]
    [InlineData(0, 1, 200, 100, 4, 255, 6, 130)]
    public async Task A_read_from_any_offset_looks_at_no_slot_twice(params int[] at)
    {
        for (var offset = 0; offset < at.Length; offset++)
        {
            foreach (var maxBytes in (int[])[100, 300, int.MaxValue])
            {
                await using var bench = NewBench();
                var extent = Write(bench, 256, at);

                var offsets = await bench.ReadAsync(extent, offset, maxBytes);

                Assert.Equal(Enumerable.Range(offset, Math.Min(maxBytes / 100, at.Length - offset)).Select(static wanted => (long)wanted), offsets);
                Assert.InRange(Looks(bench), 1, 256);
                Assert.Equal(bench.Reads.Distinct(), bench.Reads);
            }
        }
    }

    [Fact]
    public async Task A_damaged_block_far_below_a_frame_does_not_keep_it_from_being_read()
    {
        await using var bench = NewBench();
        var extent = Write(bench, 256, [.. Enumerable.Range(0, Burst), .. Enumerable.Range(256 - Burst, Burst)]);
        await bench.FlipAsync(new Slot(3), 24);

        Assert.Equal([15L], await bench.ReadAsync(extent, 15, maxBytes: 100));
        Assert.Contains(bench.NameOf(3), bench.Reads);
    }

    private static ReadingBench NewBench() => new(new BlobReadingOptions { DirectoryCacheBytes = 1, MaxReadAheadBytes = 0 });

    private static long Looks(ReadingBench bench) => bench.Reader.Counts.DirectoryHits + bench.Reader.Counts.DirectoryMisses;

    // One frame of 100 bytes in each of the slots given, the first offset in the first of them; a frame of somebody else in all others.
    private static WalExtent Write(ReadingBench bench, int slots, int[] at)
    {
        for (var slot = 0; slot < slots; slot++)
        {
            var offset = Array.IndexOf(at, slot);
            bench.Append(offset < 0 ? 1 : 0, offset < 0 ? slot : offset);
            bench.Seal();
        }

        return new WalExtent(bench.Lane.Session, Slot.Zero, new Slot(slots - 1), Offset.Zero, new Offset(at.Length - 1), at.Length * 100, 0);
    }
}
