using System.Text;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>Damage that recovery does not look for: what an operator hears of it, and how often.</summary>
public sealed class DamagedPartitionTests
{
    private const string Value = "what will be damaged";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_partition_is_told_once_a_minute_however_often_clients_try()
    {
        await using var bench = await LogBench.StartedAsync();
        await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "whole", Value);
        await LogBench.AppendDurablyAsync(await bench.OpenAsync(LogBench.PartitionOf(1)), "elsewhere");
        var path = await StopAndDamageAsync(bench);
        await bench.StartAsync();

        for (var attempt = 0; attempt < 5; attempt++) Assert.Equal(ErrorCode.KafkaStorageError, await TryOpenAsync(bench));

        var fault = Assert.Single(bench.Faults);
        Assert.StartsWith($"Partition orders-0 ({LogBench.Partition}) cannot be opened: '{path}', byte ", fault, StringComparison.Ordinal);
        Assert.Contains("offsets 1 to 1", fault, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault);
        Assert.DoesNotContain(bench.Notes, note => note.Contains("cannot be opened", StringComparison.Ordinal));

        bench.Time.Advance(TimeSpan.FromMinutes(1));
        await TryOpenAsync(bench);
        await TryOpenAsync(bench);

        Assert.Equal(2, bench.Faults.Count);
        await bench.OpenAsync(LogBench.PartitionOf(1));
    }

    [Fact]
    public async Task A_damaged_partition_leaves_the_broker_in_service_and_is_forgotten_when_it_is_deleted()
    {
        await using var bench = await LogBench.StartedAsync();
        await LogBench.AppendDurablyAsync(await bench.OpenAsync(), Value);
        await StopAndDamageAsync(bench);
        await bench.StartAsync();
        Assert.Equal(new LogHealth(true, null), bench.Log.Health);

        await TryOpenAsync(bench);

        Assert.Equal(new LogHealth(true, "Damaged partitions, refused or unreadable at some offsets: 1 (orders-0)."), bench.Log.Health);

        await bench.Log.DeleteAsync(LogBench.Partition, Token);

        Assert.Equal(new LogHealth(true, null), bench.Log.Health);
    }

    private static async Task<ErrorCode> TryOpenAsync(LogBench bench) => (await bench.Log.OpenAsync(LogBench.Partition, new PartitionSettings(), Token)).Error;

    private static async Task<string> StopAndDamageAsync(LogBench bench)
    {
        await bench.StopAsync();
        return Damage(bench);
    }

    private static string Damage(LogBench bench)
    {
        var wanted = Encoding.UTF8.GetBytes(Value);
        var path = bench.Disk.AllFiles().Single(file => bench.Disk.Contents(file).AsSpan().IndexOf(wanted) >= 0);
        bench.Disk.Flip(path, bench.Disk.Contents(path).AsSpan().IndexOf(wanted));
        return path;
    }
}
