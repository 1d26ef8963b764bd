using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class HedgeTests
{
    private static readonly TimeSpan Usual = TimeSpan.FromMilliseconds(10);

    [Fact]
    public async Task A_request_that_takes_longer_than_95_of_100_is_sent_again_and_the_first_answer_counts()
    {
        await using var bench = await UsualBenchAsync();
        var reading = bench.ReadAsync("p/slow", 0);
        bench.Time.Advance(Usual - TimeSpan.FromMilliseconds(1));
        Assert.Single(bench.Reads.Held);

        bench.Time.Advance(TimeSpan.FromMilliseconds(1));
        await Until.SoAsync(() => bench.Reads.Held.Count == 2);
        var first = bench.Reads.Held[0];
        Assert.Equal((first.Name, first.Position, first.Length), (bench.Reads.Held[1].Name, bench.Reads.Held[1].Position, bench.Reads.Held[1].Length));
        bench.Reads.Held[1].Release();
        await reading;

        await Until.SoAsync(() => first.IsCancelled);
        Assert.Equal((1, 1), (bench.Counts.Hedges, bench.Counts.HedgesWon));
        await Until.SoAsync(() => bench.Permits.Running(ReadPriority.Cold) == 0);
    }

    [Fact]
    public async Task The_second_request_ends_when_the_first_is_answered_after_all()
    {
        await using var bench = await UsualBenchAsync();
        var reading = bench.ReadAsync("p/slow", 0);
        bench.Time.Advance(Usual);
        await Until.SoAsync(() => bench.Reads.Held.Count == 2);
        var second = bench.Reads.Held[1];

        bench.Reads.Held[0].Release();
        await reading;

        await Until.SoAsync(() => second.IsCancelled);
        Assert.Equal((1, 0), (bench.Counts.Hedges, bench.Counts.HedgesWon));
    }

    [Theory, InlineData(0), InlineData(1)]
    public async Task One_that_fails_leaves_it_to_the_other(int failing)
    {
        await using var bench = await UsualBenchAsync();
        var reading = bench.ReadAsync("p/slow", 0);
        bench.Time.Advance(Usual);
        await Until.SoAsync(() => bench.Reads.Held.Count == 2);

        bench.Reads.Held[failing].Fail(new StorageException("p/slow", "Read", "it was lost"));
        bench.Reads.ReleaseAll();

        await reading;
    }

    [Fact]
    public async Task Both_end_with_their_reader()
    {
        await using var bench = await UsualBenchAsync();
        using var ends = new CancellationTokenSource();
        var reading = bench.LeaseUntilAsync(ends, "p/slow", 0);
        bench.Time.Advance(Usual);
        await Until.SoAsync(() => bench.Reads.Held.Count == 2);

        await ends.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await Until.SoAsync(() => bench.Permits.Running(ReadPriority.Cold) == 0);
        Assert.Empty(bench.Reads.Held);
    }

    [Fact]
    public async Task Where_there_is_no_room_for_a_second_request_there_is_none()
    {
        await using var bench = await UsualBenchAsync(new BlobReadingOptions { ColdRequests = 1 });
        var reading = bench.ReadAsync("p/slow", 0);

        bench.Time.Advance(10 * Usual);
        bench.Reads.ReleaseAll();

        await reading;
        Assert.Equal(0, bench.Counts.Hedges);
    }

    [Fact]
    public async Task Hedging_can_be_turned_off()
    {
        await using var bench = await UsualBenchAsync(new BlobReadingOptions { Hedging = false });
        var reading = bench.ReadAsync("p/slow", 0);

        bench.Time.Advance(10 * Usual);
        bench.Reads.ReleaseAll();

        await reading;
        Assert.Equal(0, bench.Counts.Hedges);
    }

    [Theory, InlineData(31, false), InlineData(32, true)]
    public void What_is_usual_is_known_after_so_many_requests(int requests, bool isKnown)
    {
        var times = new ReadTimes();
        for (var i = 0; i < requests; i++) times.Add(1, Usual);

        Assert.Equal(isKnown, times.Begin(1) is not null);
    }

    [Fact]
    public void Slow_is_what_95_of_100_do_not_take_and_large_reads_are_judged_by_themselves()
    {
        var times = new ReadTimes();
        for (var i = 1; i <= 128; i++)
        {
            times.Add(100, TimeSpan.FromMilliseconds(i));
            times.Add(8 * Limits.MiB, TimeSpan.FromSeconds(1));
        }

        Assert.Equal(TimeSpan.FromMilliseconds(122), times.Begin(100));
        Assert.Equal(TimeSpan.FromSeconds(1), times.Begin(8 * Limits.MiB));
        Assert.Null(times.Begin(Limits.MiB));
    }

    [Fact]
    public void At_most_one_request_in_twenty_is_sent_again_however_slow_all_are()
    {
        var times = new ReadTimes();
        var hedges = 0;
        for (var i = 1; i <= 2_000; i++)
        {
            times.Begin(1);
            if (times.TryHedge()) hedges++;
            Assert.True(hedges <= i / 20);
        }

        Assert.Equal(100, hedges);
        for (var i = 0; i < 10_000; i++) times.Begin(1);
        for (hedges = 0; times.TryHedge();) hedges++;
        Assert.Equal(16, hedges);
    }

    // As many reads as it takes took ten milliseconds each, and from here on they wait.
    private static async Task<CacheBench> UsualBenchAsync(BlobReadingOptions? options = null)
    {
        var bench = new CacheBench(options);
        var name = await bench.PutAsync("p/usual", 32);
        await bench.PutAsync("p/slow", 1);
        bench.Reads.Holds = true;
        for (var window = 0; window < 32; window++)
        {
            var reading = bench.ReadAsync(name, window);
            bench.Time.Advance(Usual);
            foreach (var read in bench.Reads.Held) read.Release();
            await reading;
        }

        return bench;
    }
}
