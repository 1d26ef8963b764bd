using System.Buffers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class BlobExtentReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_small_block_comes_with_one_request_for_all_partitions_in_it()
    {
        await using var bench = new ReadingBench();
        bench.GrowBlocks();
        for (var partition = 0; partition < 50; partition++) bench.Append(partition, 0, 2, 1_000);
        bench.Seal();

        for (var partition = 0; partition < 50; partition++) Assert.Equal([0L, 1], await bench.ReadAsync(Assert.Single(bench.Extents(partition)), 0, partition: partition));

        Assert.Single(bench.Reads);
    }

    // Start and directory once, and then one range for each partition whose frames lie elsewhere.
    [Fact]
    public async Task With_the_directory_at_hand_a_frame_takes_one_request()
    {
        await using var bench = new ReadingBench();
        var slot = bench.GrowBlocks();
        for (var partition = 0; partition < 3; partition++) bench.Append(partition, 0, 1, (Limits.MiB * 5 / 4) - 100);
        bench.Seal();
        Assert.Equal(slot, Assert.Single(bench.Extents(2)).LastSlot.Value);

        var requests = new List<int>();
        foreach (var partition in (int[])[2, 1, 2, 0])
        {
            var before = bench.Reads.Count();
            Assert.Equal([0L], await bench.ReadAsync(Assert.Single(bench.Extents(partition)), 0, partition: partition));
            requests.Add(bench.Reads.Count() - before);
        }

        Assert.Equal([3, 1, 0, 1], requests);
    }

    [Fact]
    public async Task Directories_are_kept_up_to_their_bound()
    {
        await using var bench = new ReadingBench(new BlobReadingOptions { DirectoryCacheBytes = 5_000 });
        for (var block = 0; block < 20; block++)
        {
            bench.Append(0, block * 5, 5);
            bench.Seal();
        }

        foreach (var extent in bench.Extents()) await bench.ReadAsync(extent, 0);

        Assert.InRange(bench.Reader.DirectoryBytes, 3_000, 5_000);
        Assert.Equal((20, 0), (bench.Reader.Counts.DirectoryMisses, bench.Reader.Counts.DirectoryHits));
        await bench.ReadAsync(Assert.Single(bench.Extents()) with { FirstSlot = new Slot(19) }, 99);
        Assert.Equal(1, bench.Reader.Counts.DirectoryHits);
    }

    // A carried run reaches from its old slots to its new ones until all of it was carried.
    [Fact]
    public async Task A_wide_extent_is_looked_through_no_further_than_it_takes_and_goes_on_where_it_was()
    {
        await using var bench = new ReadingBench(new BlobReadingOptions { MaxReadAheadBytes = 0 });
        for (var slot = 0; slot < 100; slot++)
        {
            bench.Append(slot % 10 == 0 ? 0 : 1, slot % 10 == 0 ? slot / 10 : slot);
            bench.Seal();
        }

        var extent = Assert.Single(bench.Extents());
        Assert.Equal((0, 90), (extent.FirstSlot.Value, extent.LastSlot.Value));

        Assert.Equal([0L], await bench.ReadAsync(extent, 0, maxBytes: 100));
        Assert.Single(bench.Reads);
        for (var offset = 1L; offset < 10; offset++) Assert.Equal([offset], await bench.ReadAsync(extent, offset, maxBytes: 100));

        // Each slot once, also those that were looked at again since the read before had ended there.
        Assert.Equal(91, bench.Reads.Distinct().Count());
        Assert.Equal(91, bench.Reads.Count());
    }

    [Fact]
    public async Task A_read_that_goes_on_finds_what_was_carried_below_the_place_where_it_was()
    {
        await using var bench = new ReadingBench();
        foreach (var offset in (long[])[0, 3, 4, 1, 2])
        {
            bench.Append(0, offset);
            bench.Seal();
        }

        var extent = new WalExtent(bench.Lane.Session, Slot.Zero, new Slot(4), Offset.Zero, new Offset(4), 500, 0);

        for (var offset = 0L; offset < 5; offset++) Assert.Equal([offset], await bench.ReadAsync(extent, offset, maxBytes: 100));
    }

    [Theory, InlineData(1, false), InlineData(2, true)]
    public async Task Damage_is_read_again_once_and_then_named_with_object_byte_and_offsets(int damagedReads, bool isDamage)
    {
        var reads = 0;
        await using var bench = new ReadingBench(before: blobs => new SpoiledReads(blobs, (bytes, _) =>
        {
            if (++reads <= damagedReads) bytes[96 + 50] ^= 1;
        }));
        bench.Append(0, 7);
        bench.Seal();
        var extent = Assert.Single(bench.Extents());

        if (!isDamage)
        {
            Assert.Equal([7L], await bench.ReadAsync(extent, 7));
            return;
        }

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(() => bench.ReadAsync(extent, 7));
        Assert.Equal((bench.NameOf(0), 96), (damage.Location, damage.Position));
        Assert.Contains("offsets 7 to 7", damage.Message, StringComparison.Ordinal);
        Assert.Equal([7L], await bench.ReadAsync(extent, 7));
    }

    [Theory, InlineData(0), InlineData(24), InlineData(96 + 304 + 24)]
    public async Task Damage_of_a_header_or_directory_is_named_with_the_offsets_that_were_looked_for(int position)
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 7, 3);
        bench.Seal();
        await bench.FlipAsync(Slot.Zero, position);

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(() => bench.ReadAsync(Assert.Single(bench.Extents()), 8));

        Assert.Equal((bench.NameOf(0), 0), (damage.Location, damage.Position));
        Assert.Contains("offsets 8 to 9", damage.Message, StringComparison.Ordinal);
        Assert.Equal(2, bench.Reads.Count());
    }

    [Fact]
    public async Task What_stands_before_the_damage_is_given_and_the_damage_told_to_whoever_reads_on()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0, 5);
        bench.Seal();
        await bench.FlipAsync(Slot.Zero, 96 + 350);
        var extent = Assert.Single(bench.Extents());

        Assert.Equal([0L, 1, 2], await bench.ReadAsync(extent, 0));
        await Assert.ThrowsAsync<CorruptBlockException>(() => bench.ReadAsync(extent, 3));
        Assert.Equal([4L], await bench.ReadAsync(extent, 4));
    }

    [Fact]
    public async Task A_block_of_another_cluster_generation_or_session_and_a_fence_are_damage()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0);
        bench.Seal();
        var extent = Assert.Single(bench.Extents());
        var setup = new BlobReadingSetup { Container = bench.Blobs, Slabs = bench.Slabs, Time = bench.Time, ClusterGeneration = 1 };
        await using var other = new BlobExtentReader(setup);
        bench.Put(bench.NameOf(1), FenceBlob.Write(bench.Lane.Session, new Slot(1), 0, Guid.Empty));
        bench.Put(bench.NameOf(2), bench.Blobs[bench.NameOf(0)]);

        await Assert.ThrowsAsync<CorruptBlockException>(() => bench.ReadAsync(extent, 0, by: other));
        foreach (var slot in (long[])[1, 2]) await Assert.ThrowsAsync<CorruptBlockException>(() => bench.ReadAsync(extent with { FirstSlot = new Slot(slot), LastSlot = new Slot(slot) }, 0));
    }

    [Fact]
    public async Task What_is_gone_is_told_apart_from_damage()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0);
        bench.Seal();
        var wal = Assert.Single(bench.Extents());
        var (segment, _) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(0, 1, 100).Build();
        await bench.RemoveAsync();

        Assert.Equal(bench.NameOf(0), (await Assert.ThrowsAsync<MissingObjectException>(() => bench.ReadAsync(wal, 0))).Name);
        Assert.Equal(segment.Name, (await Assert.ThrowsAsync<MissingObjectException>(() => bench.ReadAsync(segment, 0))).Name);
    }

    [Theory, InlineData(10, 100), InlineData(3_000, 1_000), InlineData(5, 3 * Limits.MiB), InlineData(40, 700_000)]
    public async Task A_segment_reads_back_from_any_offset_in_any_pieces(int frames, int length)
    {
        await using var bench = new ReadingBench();
        var (segment, bytes) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(100, frames, length).Build();
        bench.Put(segment.Name, bytes);

        foreach (var maxBytes in (int[])[int.MaxValue, 4 * Limits.MiB, 100_000])
        {
            var all = new List<long>();
            for (var next = 100L; next < 100 + frames;)
            {
                all.AddRange(await bench.ReadAsync(segment, next, maxBytes));
                next = all[^1] + 1;
            }

            Assert.Equal(Enumerable.Range(100, frames).Select(offset => (long)offset), all);
        }

        Assert.Equal([100L + (frames / 2)], await bench.ReadAsync(segment, 100 + (frames / 2), maxBytes: 1, by: bench.Reader.Background));
    }

    [Fact]
    public async Task Damage_in_a_segment_is_read_again_once_and_then_named()
    {
        await using var bench = new ReadingBench();
        var (segment, bytes) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(0, 300, 10_000).Build();
        bench.Put(segment.Name, bytes);
        Assert.NotEmpty(await bench.ReadAsync(segment, 0, maxBytes: 1));
        bench.Blobs[segment.Name][2_500_000] ^= 1;
        var before = bench.Reads.Count();

        var damage = await Assert.ThrowsAsync<CorruptBlockException>(async () =>
        {
            for (var next = 200L; ; next++) await bench.ReadAsync(segment, next, maxBytes: 1);
        });

        Assert.Equal(segment.Name, damage.Location);
        Assert.InRange(damage.Position, 2_490_001, 2_500_000);
        Assert.Equal(before + 3, bench.Reads.Count()); // Two windows on the way, and one of them again.
    }

    [Fact]
    public async Task Reads_of_opens_of_consumers_of_segments_and_of_the_broker_itself_have_limits_of_their_own()
    {
        HeldReads? held = null;
        await using var bench = new ReadingBench(new BlobReadingOptions { OpenRequests = 1, HotRequests = 1, ColdRequests = 1, BackgroundRequests = 1 }, blobs => held = new HeldReads(blobs));
        for (var partition = 0; partition < 2; partition++)
        {
            bench.Append(partition, 0); // In a block of its own: for one directory all stand in one line.
            bench.Seal();
        }

        var (wal, other) = (Assert.Single(bench.Extents()), Assert.Single(bench.Extents(1)));
        var (segment, bytes) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(0, 1, 100).Build();
        bench.Put(segment.Name, bytes);

        var reading = new[] { bench.ReadAsync(wal, 0), bench.ReadAsync(segment, 0), bench.ReadAsync(segment, 0, by: bench.Reader.Background), bench.ReadAsync(other, 0, partition: 1, by: bench.Reader.Opening) };
        await Until.SoAsync(() => held!.Held.Count >= 4);

        var priorities = Enum.GetValues<ReadPriority>();
        Assert.All(priorities, priority => Assert.Equal(1, bench.Reader.Permits.Running(priority)));
        held!.ReleaseAll();
        await Task.WhenAll(reading);
        Assert.All(priorities, priority => Assert.True(bench.Reader.Counts.Requests(priority) > 0));
    }

    [Fact]
    public async Task A_cancelled_read_gives_everything_back()
    {
        HeldReads? held = null;
        await using var bench = new ReadingBench(before: blobs => held = new HeldReads(blobs));
        for (var block = 0; block < 8; block++)
        {
            bench.Append(0, block);
            bench.Seal();
        }

        using var frames = new FrameList();
        using var ends = new CancellationTokenSource();
        var reading = bench.Reader.ReadAsync(LaneCalls.Partition(0), Assert.Single(bench.Extents()), Offset.Zero, int.MaxValue, frames, ends.Token).AsTask();
        await Until.SoAsync(() => held!.Held.Count >= 1);
        held!.ReleaseOne();
        await Until.SoAsync(() => held.Held.Count >= 2);

        await ends.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);

        // Nobody waits for the requests of a read that was given up: they end by themselves, each with its permit, and none of them is left to the test to end.
        await Until.SoAsync(() => bench.Reader.Permits.Running(ReadPriority.Hot) == 0);
        Assert.All(held.All.Skip(1), static read => Assert.True(read.IsCancelled));
        Assert.Equal(0, bench.Slabs.Leases.Count(LeaseHolder.Response));
    }

    // A grain that reads gives the work away, whatever it finds.
    [Fact]
    public async Task Reads_run_on_the_scheduler_given_and_not_on_the_caller_s()
    {
        var callers = new CountingScheduler();
        var readers = new CountingScheduler();
        var onReaders = new List<bool>();
        await using var bench = new ReadingBench(before: blobs => new SpoiledReads(blobs, (_, _) => onReaders.Add(TaskScheduler.Current == readers)), scheduler: readers);
        bench.Append(0, 0, 3);
        bench.Seal();
        var extent = Assert.Single(bench.Extents());

        for (var repeat = 0; repeat < 2; repeat++) Assert.Equal([0L, 1, 2], await Task.Factory.StartNew(() => bench.ReadAsync(extent, 0), Token, TaskCreationOptions.None, callers).Unwrap());

        Assert.Equal([true], onReaders);
        Assert.True(readers.Ran >= 2);
    }

    [Fact]
    public async Task What_is_cached_is_given_without_waiting_and_almost_without_memory()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0, 200, 5_000);
        bench.Seal();
        var (segment, bytes) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(0, 500, 5_000).Build();
        bench.Put(segment.Name, bytes);
        using var frames = new FrameList();

        foreach (var extent in (Extent[])[bench.Extents()[0], segment])
        {
            var most = 0L;
            for (var repeat = 0; repeat < 20; repeat++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                var read = bench.Reader.ReadAsync(LaneCalls.Partition(0), extent, new Offset(3), 50_000, frames, Token);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                if (repeat >= 10)
                {
                    Assert.True(read.IsCompletedSuccessfully);
                    most = Math.Max(most, allocated);
                }

                await read;
                Assert.Equal(10, frames.Count);
                frames.Dispose();
            }

            // A copy would take 50,000. Code that is not optimised yet, beside all the other tests, takes more than it will.
            Assert.InRange(most, 0, 10_000);
        }
    }

    private sealed class CountingScheduler : TaskScheduler
    {
        public int Ran { get; private set; }

        protected override void QueueTask(Task task) => ThreadPool.QueueUserWorkItem(_ =>
        {
            Ran++;
            TryExecuteTask(task);
        });

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }

    /// <summary>Lets a test look at what was read, and change it.</summary>
    private sealed class SpoiledReads(IBlobContainer container, Action<byte[], string> spoil) : IBlobContainer
    {
        public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
        {
            var bytes = new byte[destination.Length];
            var length = await container.ReadAsync(name, position, bytes, cancellationToken);
            spoil(bytes, name);
            bytes.CopyTo(destination);
            return length;
        }

        public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) => container.PutAsync(name, content, expected, nonce, cancellationToken);

        public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => container.GetAsync(name, maxBytes, cancellationToken);

        public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => container.FindAsync(name, cancellationToken);

        public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => container.DeleteAsync(name, cancellationToken);

        public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => container.ListAsync(prefix, cancellationToken);
    }
}
