using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class ReadAheadTests
{
    private const int FrameBytes = 60_000;

    [Fact]
    public void Twice_as_far_with_each_read_that_goes_on_up_to_the_most()
    {
        var stream = new ReadStream(maxAheadBytes: 32 * Limits.MiB);
        var ahead = new List<double>();
        for (var offset = 0; offset < 9; offset++)
        {
            stream.Advance(new Offset(offset), new Offset(offset + 1), at: null);
            ahead.Add((double)stream.AheadBytes / Limits.MiB);
        }

        Assert.Equal([0, 0.5, 1, 2, 4, 8, 16, 32, 32], ahead);
    }

    [Fact]
    public void Half_as_far_when_what_was_read_ahead_went_unused_and_never_less_than_half_a_MiB()
    {
        var stream = new ReadStream(maxAheadBytes: 2 * Limits.MiB);
        for (var offset = 0; offset < 5; offset++) stream.Advance(new Offset(offset), new Offset(offset + 1), at: null);

        var ahead = new List<double>();
        for (var eviction = 0; eviction < 4; eviction++)
        {
            stream.OnEvictedUnused();
            ahead.Add((double)stream.AheadBytes / Limits.MiB);
        }

        Assert.Equal([1, 0.5, 0.5, 0.5], ahead);
    }

    [Fact]
    public void A_read_that_repeats_another_goes_no_further_and_one_from_elsewhere_is_another_reader()
    {
        var streams = new ReadStreams(maxAheadBytes: 32 * Limits.MiB);
        var partition = LaneCalls.Partition(0);
        var stream = streams.Of(partition, new Offset(10));
        stream.Advance(new Offset(10), new Offset(20), at: null);

        Assert.Same(stream, streams.Of(partition, new Offset(20)));
        Assert.Same(stream, streams.Of(partition, new Offset(15)));
        Assert.NotSame(stream, streams.Of(partition, new Offset(21)));
        Assert.NotSame(stream, streams.Of(partition, new Offset(9)));
        Assert.NotSame(stream, streams.Of(LaneCalls.Partition(1), new Offset(20)));
        stream.Advance(new Offset(15), new Offset(20), at: null);
        Assert.Equal(0, stream.AheadBytes);
    }

    [Fact]
    public void Readers_are_remembered_up_to_a_number()
    {
        var streams = new ReadStreams(maxAheadBytes: 1);
        for (var partition = 0; partition < 3_000; partition++) streams.Of(LaneCalls.Partition(partition), Offset.Zero).Advance(Offset.Zero, new Offset(1), at: null);
        Assert.Equal(ReadStreams.MaxStreams, streams.Count);

        for (var offset = 0; offset < 3_000; offset++) streams.Of(LaneCalls.Partition(0), new Offset(offset * 10)).Advance(new Offset(offset * 10), new Offset((offset * 10) + 1), at: null);
        Assert.Equal(ReadStreams.MaxStreams, streams.Count);
    }

    // The first read waits for its bytes; the later ones find them, until the segment ends.
    [Fact]
    public async Task Whoever_reads_a_segment_on_and_on_soon_waits_no_more()
    {
        await using var bench = new ReadingBench();
        var segment = Segment(bench, frames: 500);

        var waited = new List<bool>();
        for (var next = 0L; next <= segment.LastOffset.Value;)
        {
            var misses = bench.Reader.Counts.Misses;
            var offsets = await bench.ReadAsync(segment, next, maxBytes: Limits.MiB);
            waited.Add(bench.Reader.Counts.Misses > misses);
            next = offsets[^1] + 1;
        }

        Assert.DoesNotContain(true, waited.Skip(2));
        Assert.Equal(0, bench.Reader.Counts.EvictedUnused);

        // All of it once, and nothing of it twice.
        Assert.InRange(bench.Reader.Counts.Bytes(ReadPriority.Cold), segment.Bytes, segment.Bytes + (2 * Limits.MiB));
    }

    // Blocks of 1 MiB, and of 3 as a lane makes them whose pace is that of a busy broker.
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task Whoever_reads_the_lane_on_and_on_soon_waits_no_more(int blockMebibytes)
    {
        await using var bench = new ReadingBench(blockBytes: blockMebibytes * Limits.MiB);
        for (var block = 0; block < 60; block++)
        {
            bench.Append(0, block * 3, 3, 10 * FrameBytes);
            bench.Append(1, block * 2, 2, 10 * FrameBytes);
            bench.Seal();
        }

        var waited = new List<bool>();
        foreach (var extent in bench.Extents())
        {
            var misses = bench.Reader.Counts.Misses;
            Assert.NotEmpty(await bench.ReadAsync(extent, extent.BaseOffset.Value));
            waited.Add(bench.Reader.Counts.Misses > misses);
        }

        Assert.InRange(waited.Count(one => one), 1, 6);
        Assert.DoesNotContain(true, waited.Skip(waited.Count / 2));
    }

    [Fact]
    public async Task A_single_read_is_not_read_ahead_of()
    {
        await using var bench = new ReadingBench();
        var segment = Segment(bench, frames: 200);

        foreach (var from in (long[])[100, 0, 50, 150]) await bench.ReadAsync(segment, from, maxBytes: 1);

        Assert.Equal(0, bench.Reader.Counts.ReadAhead);
    }

    [Fact]
    public async Task Nothing_is_read_ahead_where_that_is_turned_off()
    {
        await using var bench = new ReadingBench(new BlobReadingOptions { MaxReadAheadBytes = 0 });
        var segment = Segment(bench, frames: 200);

        for (var next = 0; next < 200; next += 16) await bench.ReadAsync(segment, next, maxBytes: 16 * FrameBytes);

        Assert.Equal(0, bench.Reader.Counts.ReadAhead);
    }

    [Fact]
    public async Task Reading_ahead_takes_half_of_the_cache_at_most_and_never_a_turn_of_somebody_who_waits()
    {
        await using var bench = new CacheBench(new BlobReadingOptions { CacheBytes = 4L * Limits.MiB, ColdRequests = 3 });
        var name = await bench.PutAsync("p/1", 20);
        bench.Reads.Holds = true;
        var stream = new ReadStream(maxAheadBytes: 32 * Limits.MiB);

        Assert.True(bench.Cache.TryReadAhead(stream, bench.RangeOf(name, 2, 1), ReadPriority.Cold));
        Assert.True(bench.Cache.TryReadAhead(stream, bench.RangeOf(name, 3, 1), ReadPriority.Cold));
        Assert.False(bench.Cache.TryReadAhead(stream, bench.RangeOf(name, 4, 1), ReadPriority.Cold));
        Assert.Equal(2 * Limits.MiB, bench.Cache.AheadBytes);

        var reading = bench.ReadAsync(name, 0);
        bench.Reads.ReleaseAll();
        await reading;
        await bench.ReadAsync(name, 2);
        Assert.Equal(Limits.MiB, bench.Cache.AheadBytes);

        bench.Reads.Holds = true;
        var waiting = new[] { bench.ReadAsync(name, 10), bench.ReadAsync(name, 11), bench.ReadAsync(name, 12), bench.ReadAsync(name, 13) };
        Assert.False(bench.Cache.TryReadAhead(stream, bench.RangeOf(name, 4, 1), ReadPriority.Cold));
        Assert.Equal(1, bench.Permits.Waiting(ReadPriority.Cold));
        bench.Reads.ReleaseAll();
        await Task.WhenAll(waiting);
    }

    [Fact]
    public async Task What_was_read_ahead_and_evicted_unused_halves_the_way_and_is_counted()
    {
        await using var bench = new CacheBench(new BlobReadingOptions { CacheBytes = 4L * Limits.MiB });
        var name = await bench.PutAsync("p/1", 20);
        var stream = new ReadStream(maxAheadBytes: 32 * Limits.MiB);
        for (var offset = 0; offset < 4; offset++) stream.Advance(new Offset(offset), new Offset(offset + 1), at: null);
        Assert.True(bench.Cache.TryReadAhead(stream, bench.RangeOf(name, 10, 2), ReadPriority.Cold));

        for (var window = 0; window < 4; window++) await bench.ReadAsync(name, window);

        Assert.Equal(Limits.MiB, stream.AheadBytes);
        Assert.Equal(2, bench.Counts.EvictedUnused);
        Assert.Equal(0, bench.Cache.AheadBytes);
    }

    [Fact]
    public async Task A_reader_who_comes_to_what_is_being_read_ahead_waits_for_that()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 4);
        bench.Reads.Holds = true;
        Assert.True(bench.Cache.TryReadAhead(new ReadStream(1), bench.RangeOf(name, 0, 4), ReadPriority.Cold));

        using var ends = new CancellationTokenSource();
        var gone = bench.LeaseUntilAsync(ends, name, 1);
        var reading = bench.ReadAsync(name, 2);
        await ends.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        bench.Reads.ReleaseAll();
        await reading;

        Assert.Equal([(name, 0, 4)], bench.Asked);
    }

    [Fact]
    public async Task A_failure_ahead_shows_when_somebody_reads_there()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 2);
        bench.Reads.Holds = true;
        Assert.True(bench.Cache.TryReadAhead(new ReadStream(1), bench.RangeOf(name, 0, 1), ReadPriority.Cold));

        bench.Reads.Held[0].Fail(new Log.Storage.StorageException(name, "Read", "it was lost"));

        Assert.Equal(0, bench.Cache.AheadBytes);
        bench.Reads.Holds = false;
        await bench.ReadAsync(name, 0);
        Assert.Equal(2, bench.Asked.Count());
    }

    private static SegmentExtent Segment(ReadingBench bench, int frames)
    {
        var (extent, bytes) = new SegmentBuilder(LaneCalls.Partition(0)).Frames(0, frames, FrameBytes).Build();
        bench.Put(extent.Name, bytes);
        return extent;
    }
}
