using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>What an orchestrator hears of a log whose disk is in trouble.</summary>
public sealed class HealthTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_log_whose_disk_takes_no_new_session_is_out_of_service_after_some_seconds_and_comes_back_by_itself()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
        bench.Disk.Faults = call => call.Operation == DiskOperation.Read ? DiskFault.None : DiskFault.Fail;

        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);
        var began = bench.Time.GetUtcNow();
        while (bench.Log.Health.IsServing)
        {
            Token.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.Yield();
        }

        Assert.True(bench.Time.GetUtcNow() - began > LogHealth.LongestGap);
        Assert.Contains("refused a new session", bench.Log.Health.Trouble, StringComparison.Ordinal);

        bench.Disk.Faults = null;
        while (!bench.Log.Health.IsServing)
        {
            Token.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
    }

    // One failed sync and a new session at once: no reason to send clients away.
    [Fact]
    public async Task A_lane_that_is_replaced_at_once_leaves_the_log_in_service()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        var current = WalNames.PathOf(handle.Session, 0);
        bench.Disk.Faults = call => call.Operation == DiskOperation.SyncData && call.Path == current ? DiskFault.Fail : DiskFault.None;

        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);
        await bench.OpenAsync();
        bench.Time.Advance(2 * LogHealth.LongestGap);

        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
    }

    [Fact]
    public async Task A_full_disk_is_told_of_and_serves_on()
    {
        await using var bench = await LogBench.StartedAsync(new FileLaneOptions { FileBytes = 2L * Limits.MaxBlockBytes, ReserveBytes = 64L * Limits.MiB });
        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
        while (bench.Disk.UsedBytes < bench.Lane.ReserveBytes + (2 * bench.Lane.FileBytes))
        {
            Token.ThrowIfCancellationRequested();
            await Task.Yield(); // The second WAL file is on its way.
        }

        bench.Disk.Capacity -= bench.Disk.FreeBytes;
        Assert.Equal(0, bench.Disk.FreeBytes);

        Assert.True(bench.Log.Health.IsServing);
        Assert.Contains("The disk is full", bench.Log.Health.Trouble, StringComparison.Ordinal);

        bench.Disk.Capacity += bench.Lane.FileBytes - 1;
        Assert.Contains("The disk is full", bench.Log.Health.Trouble, StringComparison.Ordinal);

        bench.Disk.Capacity += 1;
        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
    }
}
