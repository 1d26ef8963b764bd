using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class ConcurrencyTests
{
    private const int Appenders = 4;
    private const int BatchesEach = 1500;
    private const int Partitions = 3;

    // Many appenders and readers, a small cache that evicts all the time, and one thread that writes and publishes. Every reader must see every
    // record of each partition once and in order, whether it came from the cache or from an extent; each appender's batches keep its order.
    [Theory]
    [InlineData(1, 16 * Limits.KiB)]
    [InlineData(2, 128 * Limits.KiB)]
    [InlineData(3, 128 * Limits.MiB)]
    public async Task Readers_see_every_record_once_and_in_order(int seed, long tailBytes)
    {
        using var broker = new MemoryBroker(tailBytes);
        var handles = Enumerable.Range(0, Partitions).Select(index => broker.Open(broker.NewManifest(MemoryBroker.PartitionOf(index)))).ToArray();
        var completion = new CountingCompletion();
        var lane = Run(() =>
        {
            while (completion.Succeeded < Appenders * BatchesEach) broker.Lane.Publish();
        });
        var appenders = Enumerable.Range(0, Appenders).Select(producer => Run(() => AppendAll(handles, producer, new Random(seed * 100 + producer), completion))).ToArray();
        var expected = handles.Select((_, index) => Appenders * BatchesEach / Partitions).ToArray();
        var readers = handles.SelectMany((handle, index) => new[] { ReadAllAsync(handle, expected[index]), ReadAllAsync(handle, expected[index]) }).ToArray();

        await Task.WhenAll(appenders);
        await lane;
        foreach (var reader in readers)
        {
            var seen = await reader;
            for (var producer = 0; producer < Appenders; producer++)
                Assert.Equal(Enumerable.Range(0, BatchesEach / Partitions), seen.Where(batch => batch.ProducerId == producer).Select(batch => batch.BaseSequence));
        }

        Assert.Equal(0, completion.Failed);
        Assert.Empty(broker.ReadFailures);
    }

    private static void AppendAll(PartitionHandle[] handles, int producer, Random random, CountingCompletion completion)
    {
        var next = new int[Partitions];
        for (var batch = 0; batch < BatchesEach; batch++)
        {
            // Each partition gets its share; the order among them is chance.
            var partition = random.Next(Partitions);
            while (next[partition] == BatchesEach / Partitions) partition = (partition + 1) % Partitions;
            var bytes = BatchBuilder.OfProducer(producer, 0, next[partition]++).Record($"{producer}").Build();
            while (handles[partition].Append(bytes, new AppendContext(true), completion, 0) == AppendStatus.Full) Thread.Yield();
        }
    }

    private static async Task<List<RecordBatchHeader>> ReadAllAsync(PartitionHandle handle, int records)
    {
        await Task.Yield();
        var seen = new List<RecordBatchHeader>();
        var at = Offset.Zero;
        using var frames = new FrameList();
        while (at.Value < records)
        {
            frames.Dispose();
            var outcome = await handle.ReadAsync(new ReadRequest(at, 64 * Limits.KiB, AtLeastOne: true, Committed: false), frames, TestContext.Current.CancellationToken);
            Assert.Equal(ErrorCode.None, outcome.Error);
            Assert.True(at >= outcome.HighWatermark || frames.Count > 0, "An empty answer below the high watermark.");
            for (var index = 0; index < frames.Count; index++)
            {
                Assert.True(RecordBatchHeader.TryRead(frames[index].Bytes.Span, out var header));
                Assert.Equal(at.Value, header.BaseOffset);
                Assert.True(header.LastOffset < outcome.HighWatermark.Value);
                Assert.Equal(header.Crc, Crc32C.Hash(frames[index].Bytes.Span[RecordBatchLayout.CrcStart..]));
                seen.Add(header);
                at += 1;
            }

            if (frames.Count == 0) await WaitForMoreAsync(handle, at);
        }

        return seen;
    }

    private static async Task WaitForMoreAsync(PartitionHandle handle, Offset from)
    {
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var waiter = new FetchWaiter(1, _ => woken.SetResult());
        waiter.Watch(handle, from);
        waiter.Start();
        await woken.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        waiter.Cancel();
    }

    private static Task Run(Action action) => Task.Factory.StartNew(action, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
