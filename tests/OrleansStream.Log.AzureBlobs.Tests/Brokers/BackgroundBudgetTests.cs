using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Model;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

public sealed class BackgroundBudgetTests
{
    // The budget alone knows of no lane: who makes both has to tell it.
    [Fact]
    public async Task Background_work_stands_back_while_half_of_what_the_lane_may_hold_waits_for_storage()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1, static setup => setup with { Lane = new BlobLaneOptions { MaxOpenBytes = 16 * Limits.MiB } });
        var handle = await first.OpenAsync();
        cluster.Blobs.HoldsPuts = true;
        var batch = new BatchBuilder().Record(new string('x', 900_000));
        var pending = new List<Task> { TestBroker.AppendAsync(handle, batch) };
        Assert.False(first.Log.Budget.StandsBack());

        for (var bytes = 900_000; bytes < 9 * Limits.MiB; bytes += 900_000) pending.Add(TestBroker.AppendAsync(handle, batch));

        Assert.True(first.Log.Budget.StandsBack());
        var work = first.Log.Budget.TakeAsync(operations: 1, bytes: Limits.MiB, TestContext.Current.CancellationToken);
        Assert.False(work.IsCompleted);

        cluster.Blobs.HoldsPuts = false;
        await Until.SoAsync(() => pending.TrueForAll(static append => append.IsCompleted), () =>
        {
            foreach (var name in cluster.Blobs.Held) cluster.Blobs.Release(name); // One that the lane has just sent may be held still.
        });
        await Task.WhenAll(pending);
        await Until.SoAsync(() => !first.Log.Budget.StandsBack()); // The memory of the last block comes back after its answers.
        var isDone = work.AsTask();
        await cluster.PassUntilAsync(() => isDone.IsCompleted, TimeSpan.FromMilliseconds(20));
        await isDone;
    }
}
