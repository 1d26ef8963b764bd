using OrleansStream.Log.Files.Wal;
using OrleansStream.Model;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>What starts and stops leave on the disk.</summary>
public sealed class RestartTests
{
    private const long FileBytes = 2L * Limits.MaxBlockBytes;

    [Fact]
    public async Task An_idle_broker_that_is_started_and_stopped_20_times_leaves_no_WAL_file()
    {
        await using var bench = await LogBench.StartedAsync();
        for (var life = 0; life < 20; life++) await bench.RestartAsync();
        await bench.StopAsync();

        Assert.Equal(0, WalBytes(bench));
    }

    [Fact]
    public async Task A_broker_that_is_started_and_stopped_20_times_leaves_its_blocks_and_nothing_that_was_reserved()
    {
        await using var bench = await LogBench.StartedAsync();
        for (var life = 0; life < 20; life++)
        {
            await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "a");
            await bench.RestartAsync();
        }

        Assert.Equal(Enumerable.Range(0, 20).Select(static offset => (long)offset), await LogBench.OffsetsAsync(await bench.OpenAsync()));
        await bench.StopAsync();

        // A block with the record, and one that says it is durable.
        Assert.InRange(WalBytes(bench), 1, 20 * 3 * Limits.BlockAlignment);
    }

    [Fact]
    public async Task A_start_gives_back_what_killed_brokers_had_reserved()
    {
        await using var bench = await LogBench.StartedAsync();
        for (var life = 0; life < 20; life++)
        {
            await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "a");
            await bench.KillAsync();
        }

        // The two files of the running session, and the blocks of the others.
        Assert.InRange(WalBytes(bench), 1, (2 * FileBytes) + (20 * 3 * Limits.BlockAlignment));
        Assert.Equal(Enumerable.Range(0, 20).Select(static offset => (long)offset), await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    // What stands behind the end of an ended session proves where that is, until it is recorded.
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public async Task Giving_back_takes_nothing_that_a_power_cut_during_it_would_need(int seed)
    {
        await using var bench = await LogBench.StartedAsync();
        for (var life = 0; life < 4; life++)
        {
            await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "a", "b");
            if (life % 2 == 0) await bench.StopAsync();
            await bench.CutPowerAsync(seed + life);
        }

        Assert.Equal(Enumerable.Range(0, 8).Select(static offset => (long)offset), await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    [Fact]
    public async Task Short_sessions_count_towards_the_cap_so_that_restarts_do_not_make_files_without_end()
    {
        await using var bench = await LogBench.StartedAsync(new FileLaneOptions { FileBytes = FileBytes, MaxWalBytes = 3 * FileBytes, ReserveBytes = 0 });
        for (var life = 0; life < 60; life++)
        {
            await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "a");
            await bench.RestartAsync();
            for (var second = 0; second < 3; second++)
            {
                bench.Time.Advance(TimeSpan.FromSeconds(1));
                await Task.Yield();
            }
        }

        while (bench.Disk.ListFiles("wal").Count > 20)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(Enumerable.Range(0, 60).Select(static offset => (long)offset), await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    private static long WalBytes(LogBench bench) => bench.Disk.AllFiles().Where(static path => path.StartsWith("wal/", StringComparison.Ordinal)).Sum(path => (long)bench.Disk.Contents(path).Length);
}
