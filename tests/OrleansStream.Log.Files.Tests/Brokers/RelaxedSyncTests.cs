using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>With relaxed sync a power cut takes acknowledged records. What was saved of them elsewhere must go with them.</summary>
public sealed class RelaxedSyncTests
{
    private const long Producer = 5;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_producer_snapshot_that_knows_of_lost_records_never_calls_a_new_batch_a_duplicate()
    {
        await using var bench = await LogBench.StartedAsync(new FileLaneOptions
        {
            FileBytes = 2L * Limits.MaxBlockBytes, ReserveBytes = 0, Sync = SyncMode.Interval, SyncInterval = TimeSpan.FromMinutes(1), ZeroAhead = false,
        });
        var handle = await bench.OpenAsync();
        for (var i = 0; i < 8; i++) Assert.Equal(i, (await AppendAsync(handle, sequence: i)).BaseOffset.Value);

        // Saves the producers up to offset 8, and leaves the log where it is.
        Assert.Equal(ErrorCode.None, await bench.Log.MoveLogStartAsync(handle, new Offset(1), Token));
        await LoseFromAsync(bench, offset: 4, handle.Session);

        // The producer goes on behind what the log still has, and the log grows past what the snapshot covered.
        handle = await bench.OpenAsync();
        Assert.Equal(4, handle.HighWatermark.Value);
        for (var i = 0; i < 20; i++) await LogBench.AppendDurablyAsync(handle, "of somebody else");
        await bench.RestartAsync();
        handle = await bench.OpenAsync();
        var end = handle.HighWatermark;

        var outcome = await AppendAsync(handle, sequence: 4);

        Assert.Equal((ErrorCode.None, end), (outcome.Error, outcome.BaseOffset));
    }

    // Each batch stands in a block of its own, and no sync has covered any.
    private static Task LoseFromAsync(LogBench bench, int offset, SessionId session) =>
        bench.KillAsync(disk => disk.Flip(WalNames.PathOf(session, 0), (offset * Limits.BlockAlignment) + 100));

    private static Task<AppendOutcome> AppendAsync(PartitionHandle handle, int sequence) =>
        LogBench.AppendAsync(handle, BatchBuilder.OfProducer(Producer, 0, sequence).Record($"{sequence}"));
}
