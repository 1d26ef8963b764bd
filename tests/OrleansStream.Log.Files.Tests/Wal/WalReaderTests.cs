using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Files.Tests.Wal;

public sealed class WalReaderTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task All_frames_of_all_partitions_read_back_in_offset_order(bool direct)
    {
        using var bench = new WalBench();
        var partitions = Enumerable.Range(0, 3).Select(i => bench.Lane.PartitionOf(LaneCalls.Partition(i))).ToArray();
        for (var i = 0; i < 3000; i++)
        {
            bench.Append(i / 3, 50 + (i % 1000), partitions[i % 3]);
            if (i % 70 == 0) bench.RunAll();
        }

        bench.RunAll();
        using var reader = Reader(bench, new WalReaderOptions { WindowBytes = 64 * Limits.KiB, Direct = direct });
        foreach (var partition in partitions)
        {
            var offsets = new List<long>();
            foreach (var extent in bench.Extents(partition)) offsets.AddRange(await Offsets(reader, partition, extent, extent.BaseOffset.Value));
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => (long)i), offsets);
        }
    }

    [Theory, InlineData(0, 1, 1), InlineData(0, 199, 1), InlineData(0, 200, 2), InlineData(5, 350, 3), InlineData(9, 1000, 1), InlineData(10, 1000, 0)]
    public async Task Frames_are_given_from_the_offset_until_the_bytes_are_reached_the_first_always(long from, int maxBytes, int count)
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 10);
        using var reader = Reader(bench);
        var offsets = await Offsets(reader, bench.Partition, Assert.Single(bench.Extents()), from, maxBytes);
        Assert.Equal(Enumerable.Range(0, count).Select(i => from + i), offsets);
    }

    [Fact]
    public async Task An_extent_gives_nothing_of_its_neighbours_in_the_same_block()
    {
        using var bench = new WalBench();
        for (var i = 0; i < 10; i++) bench.Append(i);
        bench.RunAll();
        using var reader = Reader(bench);
        var extent = Assert.Single(bench.Extents()) with { BaseOffset = new Offset(3), LastOffset = new Offset(5) };
        Assert.Equal([3L, 4, 5], await Offsets(reader, bench.Partition, extent, 0));
    }

    [Fact]
    public async Task What_was_read_is_read_again_without_the_disk_and_goes_on_where_it_was()
    {
        using var bench = new WalBench();
        for (var i = 0; i < 2000; i++) bench.Append(i);
        bench.RunAll();
        using var reader = Reader(bench);
        var reads = 0;
        bench.Disk.Observer = call => reads += call.Operation == Testing.Disks.DiskOperation.Read ? 1 : 0;
        var next = 0L;
        foreach (var extent in bench.Extents())
        {
            while (next <= extent.LastOffset.Value)
            {
                var offsets = await Offsets(reader, bench.Partition, extent, next, maxBytes: 700);
                Assert.Equal(Enumerable.Range(0, offsets.Count).Select(i => next + i), offsets);
                next += offsets.Count;
            }
        }

        Assert.Equal(2000, next);
        Assert.Equal(1, reads);
    }

    [Fact]
    public async Task R2_frames_that_were_carried_behind_later_ones_are_given_in_offset_order_from_the_highest_slot()
    {
        using var bench = new WalBench();
        foreach (var offset in (long[])[4, 5, 0, 1, 2, 3, 1])
        {
            bench.Append(offset);
            bench.RunAll();
        }

        using var reader = Reader(bench);
        var extent = new WalExtent(bench.Session, Slot.Zero, new Slot(6), Offset.Zero, new Offset(5), 700, 0);
        Assert.Equal([0L, 1, 2, 3, 4, 5], await Offsets(reader, bench.Partition, extent, 0));
        Assert.Equal([2L, 3, 4], await Offsets(reader, bench.Partition, extent, 2, maxBytes: 300));
    }

    [Fact]
    public async Task A_damaged_frame_is_named_and_its_neighbours_are_still_given()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 3);
        var path = bench.Files.Of(bench.Session)[0].Path;
        bench.Disk.Flip(path, 4096 + 96 + 7);
        using var reader = Reader(bench);
        var extent = Assert.Single(bench.Extents());
        Assert.Equal([0L], await Offsets(reader, bench.Partition, extent, 0, maxBytes: 100));
        var error = await Assert.ThrowsAsync<CorruptBlockException>(() => Offsets(reader, bench.Partition, extent, 1));
        Assert.Equal((path, 4096L), (error.Location, error.Position));
        Assert.Contains("offsets 1 to 1", error.Message, StringComparison.Ordinal);
        Assert.Equal([2L], await Offsets(reader, bench.Partition, extent, 2));
        Assert.Equal(0, bench.Slabs.Leases.Count(LeaseHolder.Response));
    }

    [Theory, InlineData(0), InlineData(24), InlineData(96 + 104 + 24)]
    public async Task A_damaged_header_or_directory_is_named(int position)
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 3);
        bench.Disk.Flip(bench.Files.Of(bench.Session)[0].Path, 8192 + position);
        using var reader = Reader(bench);
        var error = await Assert.ThrowsAsync<CorruptBlockException>(() => Offsets(reader, bench.Partition, Assert.Single(bench.Extents()), 0));
        Assert.Equal(8192, error.Position);
        Assert.Equal(0, bench.Slabs.Leases.Total);
    }

    [Fact]
    public async Task Slots_that_are_gone_are_an_error_that_a_fresh_look_at_the_extents_may_cure()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 3);
        using var reader = Reader(bench);
        bench.Files.Remove(bench.Files.Of(bench.Session)[0]);
        await Assert.ThrowsAsync<LogException>(() => Offsets(reader, bench.Partition, Assert.Single(bench.Extents()), 0));
    }

    [Fact]
    public async Task The_cache_keeps_no_more_than_its_bound_and_gives_everything_back()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 30, length: 3 * Limits.MiB);
        using (var reader = Reader(bench, new WalReaderOptions { CacheBytes = 16L * Limits.MiB }))
        {
            foreach (var extent in bench.Extents()) Assert.Single(await Offsets(reader, bench.Partition, extent, extent.BaseOffset.Value));
            Assert.InRange(reader.CachedBytes, 1, 16L * Limits.MiB);
            Assert.Equal(reader.CachedBytes, bench.Slabs.BytesOut);
        }

        Assert.Equal(0, bench.Slabs.Leases.Total);
        Assert.Equal(0, bench.Slabs.BytesOut);
    }

    [Theory, InlineData(64), InlineData(256), InlineData(512)]
    public async Task Windows_of_a_reader_grow_to_MaxWindowBytes_and_no_further(int maxKiB)
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 600, length: 10_000);
        using var reader = Reader(bench, new WalReaderOptions { WindowBytes = 64 * Limits.KiB, MaxWindowBytes = maxKiB * Limits.KiB });
        var largest = 0;
        bench.Disk.Observer = call => largest = Math.Max(largest, call.Operation == Testing.Disks.DiskOperation.Read ? call.Length : 0);

        var next = 0L;
        foreach (var extent in bench.Extents())
        {
            while (next <= extent.LastOffset.Value) next = (await Offsets(reader, bench.Partition, extent, next, maxBytes: 20_000))[^1] + 1;
        }

        // A window holds whole blocks: it may stay one below its bound.
        Assert.Equal(600, next);
        Assert.InRange(largest, (maxKiB * Limits.KiB) - (16 * Limits.KiB), maxKiB * Limits.KiB);
    }

    private static WalReader Reader(WalBench bench, WalReaderOptions? options = null) =>
        new(bench.Disk, bench.Files, bench.Slabs, options ?? new WalReaderOptions(), new InlineScheduler());

    private static async Task<List<long>> Offsets(WalReader reader, Log.Lanes.LanePartition partition, WalExtent extent, long from, int maxBytes = int.MaxValue)
    {
        using var frames = new FrameList();
        await reader.ReadAsync(partition.Partition, extent, new Offset(from), maxBytes, frames, None);
        var offsets = new List<long>();
        for (var i = 0; i < frames.Count; i++)
        {
            var offset = frames[i].Entry.BaseOffset.Value;
            Assert.Equal((byte)(offset + 1), frames[i].Bytes.Span[1]);
            Assert.Equal(frames[i].Entry.Length, frames[i].Bytes.Length);
            offsets.Add(offset);
        }

        return offsets;
    }

    private sealed class InlineScheduler : TaskScheduler
    {
        protected override void QueueTask(Task task) => TryExecuteTask(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
