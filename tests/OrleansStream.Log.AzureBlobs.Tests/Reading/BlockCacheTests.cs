using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class BlockCacheTests
{
    // Whoever waits for the rest of his range holds what has come of it, also when the cache has given that up.
    [Fact]
    public async Task What_was_given_up_and_is_held_by_somebody_who_waits_counts_until_he_has_it()
    {
        await using var bench = new CacheBench(new BlobReadingOptions { CacheBytes = 4L * Limits.MiB });
        var name = await bench.PutAsync("p/1", 20);
        await bench.ReadAsync(name, 0);
        bench.Reads.Holds = true;
        var waiting = bench.LeaseAsync(name, 0.5, 1);
        var others = Enumerable.Range(4, 4).Select(window => bench.ReadAsync(name, window)).ToList();
        while (bench.Reads.Held.Count > 1) bench.Reads.Held[1].Release();
        await Task.WhenAll(others);

        Assert.Equal(bench.Slabs.BytesOut, bench.Cache.Bytes);
        Assert.InRange(bench.Cache.Bytes, 2 * Limits.MiB, 4 * Limits.MiB);

        bench.Reads.ReleaseAll();
        (await waiting).Dispose();
        Assert.Equal(bench.Slabs.BytesOut, bench.Cache.Bytes);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static BlobReadingOptions SmallCache => new() { CacheBytes = 4L * Limits.MiB };

    [Fact]
    public async Task A_window_is_read_once_however_many_wait_for_it()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 2);
        bench.Reads.Holds = true;

        var waiting = Enumerable.Range(0, 10).Select(reader => bench.ReadAsync(name, reader * 0.05)).ToList();
        bench.Reads.ReleaseAll();
        await Task.WhenAll(waiting);

        Assert.Equal([(name, 0, 1)], bench.Asked);
        Assert.Equal((1, 9), (bench.Counts.Misses, bench.Counts.Hits));
    }

    [Theory]
    [InlineData(0.25, 0.25, "0+1")]
    [InlineData(0.9, 0.25, "0+2")]
    [InlineData(1, 1, "1+1")]
    [InlineData(1, 1.01, "1+2")]
    [InlineData(0.5, 8, "0+8 8+1")]
    [InlineData(9.25, 0.25, "9+0.5")]
    public async Task Windows_that_are_wanted_together_are_read_together_up_to_eight(double position, double length, string expected)
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 9.5);

        await bench.ReadAsync(name, position, length);

        Assert.Equal(expected, string.Join(' ', bench.Asked.Select(read => FormattableString.Invariant($"{read.Position}+{read.Length}"))));
    }

    [Fact]
    public async Task Only_what_is_missing_is_read()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 6);
        await bench.ReadAsync(name, 1);
        await bench.ReadAsync(name, 3);

        await bench.ReadAsync(name, 0, 6);

        Assert.Equal([(name, 1, 1), (name, 3, 1), (name, 0, 1), (name, 2, 1), (name, 4, 2)], bench.Asked);
    }

    [Fact]
    public async Task What_was_used_longest_ago_leaves_and_all_that_is_kept_stays_within_the_bound()
    {
        await using var bench = new CacheBench(SmallCache);
        var name = await bench.PutAsync("p/1", 6);
        for (var window = 0; window < 4; window++) await bench.ReadAsync(name, window);
        await bench.ReadAsync(name, 0);

        await bench.ReadAsync(name, 4);

        Assert.Equal(4 * Limits.MiB, bench.Cache.Bytes);
        Assert.Equal(bench.Cache.Bytes, bench.Slabs.BytesOut);
        Assert.Equal(1, bench.Counts.Evicted);
        await bench.ReadAsync(name, 0);
        Assert.Equal(5, bench.Asked.Count());
        await bench.ReadAsync(name, 1);
        Assert.Equal(6, bench.Asked.Count());
    }

    [Fact]
    public async Task What_is_on_its_way_counts_in_the_bound()
    {
        await using var bench = new CacheBench(SmallCache);
        var name = await bench.PutAsync("p/1", 8);
        for (var window = 0; window < 4; window++) await bench.ReadAsync(name, window);
        bench.Reads.Holds = true;

        var reading = bench.ReadAsync(name, 4, 2);

        Assert.Equal(4 * Limits.MiB, bench.Cache.Bytes);
        Assert.Equal(bench.Cache.Bytes, bench.Slabs.BytesOut);
        bench.Reads.ReleaseAll();
        await reading;
    }

    [Fact]
    public async Task A_window_that_was_evicted_lives_until_its_last_lease_is_back()
    {
        await using var bench = new CacheBench(SmallCache);
        var name = await bench.PutAsync("p/1", 8);
        var leased = await bench.LeaseAsync(name, 0, 0.5);
        for (var window = 1; window < 8; window++) await bench.ReadAsync(name, window);

        Assert.Equal(4 * Limits.MiB, bench.Cache.Bytes);
        Assert.Equal(5 * Limits.MiB, bench.Slabs.BytesOut);
        bench.Check(leased, name, 0, 0.5);
        leased.Dispose();
        Assert.Equal(4 * Limits.MiB, bench.Slabs.BytesOut);
    }

    [Fact]
    public async Task Whoever_takes_little_of_a_window_keeps_no_more_than_that_from_going()
    {
        await using var bench = new CacheBench(SmallCache);
        var name = await bench.PutAsync("p/1", 8);
        using var little = await bench.LeaseAsync(name, 0.5, 0.01);
        using var much = await bench.LeaseAsync(name, 1.5, 0.2);
        for (var window = 2; window < 8; window++) await bench.ReadAsync(name, window);

        Assert.Equal((5 * Limits.MiB) + SlabPool.SlabBytesFor((int)(0.01 * Limits.MiB)), bench.Slabs.BytesOut);
        bench.Check(little, name, 0.5, 0.01);
    }

    [Fact]
    public async Task A_short_object_takes_no_more_memory_than_it_needs()
    {
        await using var bench = new CacheBench();
        await bench.PutAsync("p/1", 0.01);

        // As long as nobody knows how long it is.
        using (await bench.Cache.LeaseAsync(new Log.Segments.ObjectRange("p/1", 0, 100, 64 * Limits.MiB), ReadPriority.Cold, Token))
        {
        }

        Assert.Equal(16 * Limits.KiB, bench.Cache.Bytes);
    }

    [Fact]
    public async Task Bytes_across_two_reads_come_in_one_piece()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 4);
        await bench.ReadAsync(name, 1);
        await bench.ReadAsync(name, 2);

        await bench.ReadAsync(name, 0.5, 3.25);
        using var range = await bench.LeaseAsync(name, 0.5, 3.25);
        bench.Check(range, name, 0.9, 0.2);
        bench.Check(range, name, 1.5, 1);
        bench.Check(range, name, 3.5, 0.25);
        Assert.Throws<ArgumentOutOfRangeException>(() => range.Take(4 * Limits.MiB, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => range.Take((4 * Limits.MiB) - (300 * Limits.KiB), 200 * Limits.KiB));
    }

    [Fact]
    public async Task A_request_ends_with_the_last_who_waits_for_it()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 2);
        bench.Reads.Holds = true;
        using var first = new CancellationTokenSource();
        using var second = new CancellationTokenSource();
        var one = bench.LeaseUntilAsync(first, name, 0);
        var other = bench.LeaseUntilAsync(second, name, 0.5);

        await first.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => one);
        Assert.Single(bench.Reads.Held);
        await second.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);

        // Nobody waits for it any more: it ends by itself.
        await Until.SoAsync(() => bench.Permits.Running(ReadPriority.Cold) == 0);
        Assert.True(Assert.Single(bench.Reads.All).IsCancelled);
        Assert.Equal(0, bench.Slabs.BytesOut);
        bench.Reads.Holds = false;
        await bench.ReadAsync(name, 0);
    }

    [Fact]
    public async Task Whoever_waits_on_gets_the_bytes_when_others_give_up()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 2);
        bench.Reads.Holds = true;
        using var ends = new CancellationTokenSource();
        var gone = bench.LeaseUntilAsync(ends, name, 0);
        var staying = bench.ReadAsync(name, 0.5);

        await ends.CancelAsync();
        bench.Reads.ReleaseAll();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await staying;
    }

    [Fact]
    public async Task A_failure_is_told_to_all_who_wait_and_the_next_one_reads_anew()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 2);
        bench.Reads.Holds = true;
        var waiting = new[] { bench.LeaseAsync(name, 0), bench.LeaseAsync(name, 0.5) };

        bench.Reads.Held[0].Fail(new StorageException(name, "Read", "it was lost") { IsTransient = true });

        foreach (var reader in waiting) await Assert.ThrowsAsync<StorageException>(() => reader);
        Assert.Equal(0, bench.Slabs.BytesOut);
        bench.Reads.Holds = false;
        await bench.ReadAsync(name, 0);
    }

    [Fact]
    public async Task What_is_not_there_or_ends_early_is_named()
    {
        await using var bench = new CacheBench();
        await bench.PutAsync("p/1", 1.5);

        Assert.Equal("p/2", (await Assert.ThrowsAsync<MissingObjectException>(() => bench.LeaseAsync("p/2", 0))).Name);
        var cut = await Assert.ThrowsAsync<CorruptBlockException>(() =>
            bench.Cache.LeaseAsync(new Log.Segments.ObjectRange("p/1", Limits.MiB, Limits.MiB, 64 * Limits.MiB), ReadPriority.Cold, Token).AsTask());
        Assert.Equal(("p/1", 3 * Limits.MiB / 2), (cut.Location, cut.Position));
    }

    [Fact]
    public async Task What_was_discarded_is_read_again()
    {
        await using var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 3);
        var other = await bench.PutAsync("p/22", 1);
        await bench.ReadAsync(name, 0, 3);
        await bench.ReadAsync(other, 0);

        bench.Cache.Discard(name);

        Assert.Equal(Limits.MiB, bench.Cache.Bytes);
        await bench.ReadAsync(name, 1);
        await bench.ReadAsync(other, 0);
        Assert.Equal(3, bench.Asked.Count());
    }

    [Fact]
    public async Task Background_reads_push_out_each_other_before_what_consumers_use()
    {
        await using var bench = new CacheBench(new BlobReadingOptions { CacheBytes = 16L * Limits.MiB });
        var hot = await bench.PutAsync("p/1", 10);
        var old = await bench.PutAsync("p/22", 30);
        for (var window = 0; window < 10; window++) await bench.ReadAsync(hot, window);
        for (var window = 0; window < 30; window++) await bench.ReadAsync(old, window, priority: ReadPriority.Background);
        var asked = bench.Asked.Count();

        for (var window = 0; window < 10; window++) await bench.ReadAsync(hot, window);
        Assert.Equal(asked, bench.Asked.Count());

        // What a consumer then uses of it stays as his.
        await bench.ReadAsync(old, 29);
        for (var window = 0; window < 20; window++) await bench.ReadAsync(old, window, priority: ReadPriority.Background);
        asked = bench.Asked.Count();
        await bench.ReadAsync(old, 29);
        Assert.Equal(asked, bench.Asked.Count());
    }

    [Fact]
    public async Task A_consumer_who_waits_for_a_background_read_takes_it_into_his_own_queue()
    {
        await using var bench = new CacheBench(new BlobReadingOptions { BackgroundRequests = 1 });
        var name = await bench.PutAsync("p/1", 3);
        bench.Reads.Holds = true;
        var first = bench.ReadAsync(name, 0, priority: ReadPriority.Background);
        var queued = bench.ReadAsync(name, 1, priority: ReadPriority.Background);
        Assert.Equal(1, bench.Permits.Waiting(ReadPriority.Background));

        var urgent = bench.ReadAsync(name, 1, priority: ReadPriority.Hot);
        await Until.SoAsync(() => bench.Reads.Held.Count == 2);

        Assert.Equal(0, bench.Permits.Waiting(ReadPriority.Background));
        Assert.Equal(1, bench.Permits.Running(ReadPriority.Hot));
        bench.Reads.ReleaseAll();
        await Task.WhenAll(first, queued, urgent);
    }

    [Fact]
    public async Task Its_end_ends_what_is_on_its_way_and_refuses_what_comes()
    {
        var bench = new CacheBench(new BlobReadingOptions { ColdRequests = 1 });
        var name = await bench.PutAsync("p/1", 3);
        bench.Reads.Holds = true;
        var running = bench.LeaseAsync(name, 0);
        var queued = bench.LeaseAsync(name, 1);

        await bench.Cache.DisposeAsync();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => running);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => queued);
        Assert.Throws<ObjectDisposedException>(() => { _ = bench.LeaseAsync(name, 2); });
        Assert.Equal(0, bench.Slabs.BytesOut);
    }

    [Fact]
    public async Task A_lease_outlives_the_cache()
    {
        var bench = new CacheBench();
        var name = await bench.PutAsync("p/1", 1);
        using (var range = await bench.LeaseAsync(name, 0, 1))
        {
            await bench.Cache.DisposeAsync();
            bench.Check(range, name, 0, 1);
        }

        Assert.Equal(0, bench.Slabs.BytesOut);
    }
}
