using OrleansStream.Log;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What every <see cref="IExtentReader"/> of WAL extents does. Each one's tests derive from it and run all of it.</summary>
public abstract class ExtentReaderConformance
{
    private readonly RecordingOwner _owner = new();

    /// <summary>A lane with nothing in it, and its reader.</summary>
    protected abstract ValueTask<IExtentBench> NewBenchAsync();

    /// <summary>Runs of <see cref="Reads_of_any_extent_give_what_a_plain_search_finds"/>.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_frames_of_all_partitions_read_back_in_offset_order()
    {
        await using var bench = await NewBenchAsync();
        for (var i = 0; i < 3000; i++)
        {
            Append(bench, partition: i % 3, offset: i / 3, length: 50 + (i % 1000));
            if (i % 70 == 0) await bench.SealAsync();
        }

        await bench.SealAsync();
        for (var partition = 0; partition < 3; partition++)
        {
            var offsets = new List<long>();
            foreach (var extent in Extents(bench, partition)) offsets.AddRange(await OffsetsAsync(bench, extent, extent.BaseOffset.Value, partition: partition));
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), offsets);
        }
    }

    [Theory, InlineData(0, 1, 1), InlineData(0, 199, 1), InlineData(0, 200, 2), InlineData(5, 350, 3), InlineData(9, 1000, 1), InlineData(10, 1000, 0)]
    public async Task Frames_are_given_from_the_offset_until_the_bytes_are_reached_the_first_always(long from, int maxBytes, int count)
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, 10);

        var offsets = await OffsetsAsync(bench, Assert.Single(Extents(bench)), from, maxBytes);

        Assert.Equal(Enumerable.Range(0, count).Select(i => from + i), offsets);
    }

    [Fact]
    public async Task An_extent_gives_nothing_of_its_neighbours_in_the_same_block()
    {
        await using var bench = await NewBenchAsync();
        for (var i = 0; i < 10; i++) Append(bench, 0, i);
        await bench.SealAsync();

        var extent = Assert.Single(Extents(bench)) with { BaseOffset = new Offset(3), LastOffset = new Offset(5) };

        Assert.Equal([3L, 4, 5], await OffsetsAsync(bench, extent, 0));
    }

    [Fact]
    public async Task An_offset_inside_a_frame_gives_that_frame()
    {
        await using var bench = await NewBenchAsync();
        Append(bench, 0, 0, last: 9);
        Append(bench, 0, 10, last: 19);
        await bench.SealAsync();

        Assert.Equal([0L, 10], await OffsetsAsync(bench, Assert.Single(Extents(bench)), 9));
        Assert.Equal([10L], await OffsetsAsync(bench, Assert.Single(Extents(bench)), 10));
    }

    [Fact]
    public async Task R2_frames_that_were_carried_behind_later_ones_are_given_in_offset_order()
    {
        await using var bench = await NewBenchAsync();
        foreach (var offset in (long[])[4, 5, 0, 1, 2, 3, 1]) await AppendBlocksAsync(bench, offset, 1);

        var extent = new WalExtent(bench.Lane.Session, Slot.Zero, new Slot(6), Offset.Zero, new Offset(5), 700, 0);

        Assert.Equal([0L, 1, 2, 3, 4, 5], await OffsetsAsync(bench, extent, 0));
        Assert.Equal([2L, 3, 4], await OffsetsAsync(bench, extent, 2, maxBytes: 300));
        Assert.Equal([4L, 5], await OffsetsAsync(bench, extent, 4));
        Assert.Equal([1L], await OffsetsAsync(bench, extent, 1, maxBytes: 1));
    }

    [Theory, InlineData(3 * Limits.MiB, 6), InlineData(BlockLayout.MaxFrameBytes, 2)]
    public async Task Frames_of_any_size_come_as_a_whole(int length, int count)
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, count, length);

        var offsets = new List<long>();
        foreach (var extent in Extents(bench)) offsets.AddRange(await OffsetsAsync(bench, extent, extent.BaseOffset.Value));

        Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), offsets);
    }

    [Fact]
    public async Task A_damaged_frame_is_named_and_its_neighbours_are_still_given()
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, 3);
        await bench.FlipAsync(new Slot(1), 96 + 7);

        var extent = Assert.Single(Extents(bench));

        Assert.Equal([0L], await OffsetsAsync(bench, extent, 0, maxBytes: 100));
        var error = await Assert.ThrowsAsync<CorruptBlockException>(() => OffsetsAsync(bench, extent, 1));
        Assert.Contains("offsets 1 to 1", error.Message, StringComparison.Ordinal);
        Assert.Equal([2L], await OffsetsAsync(bench, extent, 2));
        Assert.Equal(0, bench.Slabs.Leases.Count(LeaseHolder.Response));
    }

    [Theory, InlineData(0), InlineData(24), InlineData(96 + 104 + 24)]
    public async Task A_damaged_header_or_directory_is_named(int position)
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, 3);
        await bench.FlipAsync(new Slot(0), position);

        await Assert.ThrowsAsync<CorruptBlockException>(() => OffsetsAsync(bench, Assert.Single(Extents(bench)), 0));
    }

    [Fact]
    public async Task Slots_that_are_gone_are_an_error_that_a_fresh_look_at_the_extents_may_cure()
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, 3);
        await bench.RemoveAsync();

        var error = await Assert.ThrowsAnyAsync<LogException>(() => OffsetsAsync(bench, Assert.Single(Extents(bench)), 0));

        Assert.IsNotType<CorruptBlockException>(error);
    }

    [Fact]
    public async Task A_read_that_was_cancelled_before_it_began_gives_nothing()
    {
        await using var bench = await NewBenchAsync();
        await AppendBlocksAsync(bench, 0, 1);
        using var frames = new FrameList();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await bench.Reader.ReadAsync(LaneCalls.Partition(0), Assert.Single(Extents(bench)), Offset.Zero, 1000, frames, new CancellationToken(canceled: true)));

        Assert.Equal(0, frames.Count);
    }

    // Extents as the lane's index has them, whole or in part, while small partitions are carried forward.
    [Theory, MemberData(nameof(Seeds))]
    public async Task Reads_of_any_extent_give_what_a_plain_search_finds(int seed)
    {
        var chance = new Random(seed);
        await using var bench = await NewBenchAsync();
        var written = new WrittenFrames();
        for (var block = 0; block < 60; block++)
        {
            for (var count = chance.Next(12); count > 0; count--) AppendAny(bench, written, chance);
            var told = _owner.Published.Count;
            await bench.SealAsync();
            foreach (var (slot, _, state) in _owner.Published.Skip(told)) written.Publish((WrittenFrame)state! with { Slot = slot.Value });
            for (var reads = chance.Next(4); reads > 0 && written.Any; reads--) await CompareAsync(bench, written, chance);
        }

        for (var reads = 0; reads < 100; reads++) await CompareAsync(bench, written, chance);
    }

    private void AppendAny(IExtentBench bench, WrittenFrames written, Random chance)
    {
        var partition = chance.Next(4);
        var length = chance.Next(10) == 0 ? chance.Next(200_000) : 1 + chance.Next(3_000);
        var frame = chance.Next(5) == 0 ? written.ToCarry(partition, chance) : written.Next(partition, 1 + chance.Next(4), length);
        if (frame is null) return;

        var request = LaneCalls.Request(bench.Lane.PartitionOf(LaneCalls.Partition(partition)), _owner, frame.Base, frame.Length, state: frame);
        Assert.Equal(EnqueueStatus.Accepted, bench.Lane.Append(request with { LastOffset = new Offset(frame.Last) }));
    }

    private static async Task CompareAsync(IExtentBench bench, WrittenFrames written, Random chance)
    {
        var partition = chance.Next(4);
        var extents = Extents(bench, partition);
        if (extents.Count == 0) return;

        var extent = extents[chance.Next(extents.Count)];
        if (chance.Next(3) == 0 && written.Within(extent, partition) is { Count: > 2 } inside)
        {
            extent = extent with { BaseOffset = new Offset(inside[chance.Next(2)].Base), LastOffset = new Offset(inside[^1].Last) };
        }

        var from = extent.BaseOffset.Value + chance.NextInt64(extent.LastOffset.Value - extent.BaseOffset.Value + 3);
        var maxBytes = chance.Next(4) switch
        {
            0 => int.MaxValue,
            1 => 1 + chance.Next(1_000_000),
            _ => 1 + chance.Next(20_000),
        };

        var offsets = await OffsetsAsync(bench, extent, from, maxBytes, partition);

        Assert.Equal(written.Expected(extent, partition, from, maxBytes), offsets);
    }

    private void Append(IExtentBench bench, int partition, long offset, int length = 100, long last = -1)
    {
        var request = LaneCalls.Request(bench.Lane.PartitionOf(LaneCalls.Partition(partition)), _owner, offset, length);
        Assert.Equal(EnqueueStatus.Accepted, bench.Lane.Append(last < 0 ? request : request with { LastOffset = new Offset(last) }));
    }

    private async Task AppendBlocksAsync(IExtentBench bench, long first, int count, int length = 100)
    {
        for (var i = 0; i < count; i++)
        {
            Append(bench, 0, first + i, length);
            await bench.SealAsync();
        }
    }

    private static List<WalExtent> Extents(IExtentBench bench, int partition = 0)
    {
        var extents = new List<WalExtent>();
        bench.Lane.Index.CopyTo(LaneCalls.Partition(partition), Offset.Zero, extents);
        return extents;
    }

    private static async Task<List<long>> OffsetsAsync(IExtentBench bench, WalExtent extent, long from, int maxBytes = int.MaxValue, int partition = 0)
    {
        using var frames = new FrameList();
        await bench.Reader.ReadAsync(LaneCalls.Partition(partition), extent, new Offset(from), maxBytes, frames, Token);
        var offsets = new List<long>();
        for (var i = 0; i < frames.Count; i++)
        {
            var offset = frames[i].Entry.BaseOffset.Value;
            var bytes = frames[i].Bytes.Span;
            Assert.Equal(frames[i].Entry.Length, bytes.Length);
            Assert.Equal((byte)offset, bytes[0]);
            Assert.Equal((byte)(offset + bytes.Length - 1), bytes[^1]);
            offsets.Add(offset);
        }

        return offsets;
    }
}
