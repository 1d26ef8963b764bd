using System.Buffers;
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

/// <summary>
/// Many readers at once over a cache that is far too small, with lost requests, reads that take long, damage on the way and readers that give up, in an order
/// that a seed decides. Whatever happens: what is given is right, and at the end everything is back.
/// </summary>
public sealed class SeededReadingTests
{
    private const int Partitions = 3;

    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 40)];

    [Theory, MemberData(nameof(Seeds))]
    public void Readers_get_what_was_written_whatever_happens_and_give_everything_back(int seed)
    {
        var first = Run(seed);
        Assert.True(first.Given > 500, $"Seed {seed}: only {first.Given} frames were given.");
        if (seed % 10 == 0) Assert.Equal(first, Run(seed)); // The same seed gives the same run.
    }

    private static Outcome Run(int seed)
    {
        var chance = new Random(seed);
        var scheduler = new SeededScheduler(seed);
        var options = new BlobReadingOptions
        {
            CacheBytes = 2L * Limits.MiB,
            DirectoryCacheBytes = 4_000,
            HotRequests = 1 + chance.Next(3),
            HotBytes = Limits.MiB,
            ColdRequests = 1 + chance.Next(3),
            ColdBytes = Limits.MiB,
            BackgroundRequests = 1 + chance.Next(2),
            BackgroundBytes = Limits.MiB,
            MaxReadAheadBytes = chance.Next(3) * 4 * Limits.MiB,
        };
        TroubledReads? trouble = null;
        var bench = new ReadingBench(options, blobs => trouble = new TroubledReads(blobs, chance), scheduler);
        Write(bench, chance);
        var extents = Enumerable.Range(0, Partitions).Select(partition => ExtentsOf(bench, partition)).ToArray();

        var given = 0;
        scheduler.Run(async () =>
        {
            var readers = Enumerable.Range(0, 8).Select(reader => ReadAsync(bench, extents, new Random((seed * 100) + reader))).ToArray();
            foreach (var reader in readers) given += await reader;
            await bench.DisposeAsync();
        });
        scheduler.RunUntilIdle();
        return new Outcome(given, bench.Blobs.Calls.Count, scheduler.Steps);
    }

    private static void Write(ReadingBench bench, Random chance)
    {
        var ends = new long[Partitions];
        for (var block = 0; block < 40; block++)
        {
            for (var count = 1 + chance.Next(8); count > 0; count--)
            {
                var partition = chance.Next(Partitions);
                var carried = ends[partition] > 0 && chance.Next(6) == 0;
                var offset = carried ? chance.NextInt64(ends[partition]) : ends[partition]++;
                bench.Append(partition, offset, 1, LengthOf(partition, offset));
            }

            bench.Seal();
        }
    }

    // A frame that is carried has the bytes that it had.
    private static int LengthOf(int partition, long offset) => new Random((int)(offset * Partitions) + partition).Next(8) == 0 ? 400_000 : 100 + (int)(offset * 37 % 20_000);

    private static List<Extent> ExtentsOf(ReadingBench bench, int partition)
    {
        var extents = bench.Extents(partition).ToList<Extent>();
        var builder = new SegmentBuilder(LaneCalls.Partition(partition));
        for (var offset = 0; offset < 200; offset++) builder.Frames(offset, 1, LengthOf(partition, offset));
        var (segment, bytes) = builder.Build();
        bench.Put(segment.Name, bytes);
        extents.Add(segment);
        return extents;
    }

    private static async Task<int> ReadAsync(ReadingBench bench, List<Extent>[] extents, Random chance)
    {
        var given = 0;
        for (var read = 0; read < 25; read++)
        {
            var partition = chance.Next(Partitions);
            var extent = extents[partition][chance.Next(extents[partition].Count)];
            var by = chance.Next(4) == 0 ? bench.Reader.Background : bench.Reader;
            for (var (next, steps) = (extent.BaseOffset.Value, chance.Next(8)); next <= extent.LastOffset.Value && steps > 0; steps--)
            {
                using var ends = new CancellationTokenSource();
                using var frames = new FrameList();
                var reading = by.ReadAsync(LaneCalls.Partition(partition), extent, new Offset(next), 1 + chance.Next(600_000), frames, ends.Token).AsTask();
                if (chance.Next(10) == 0)
                {
                    await Task.Yield();
                    ends.Cancel();
                }

                var isRead = await IsReadAsync(reading);
                var offsets = ReadingBench.Offsets(frames);

                // What is given begins where it was wanted and has no hole, also if the read did not end well.
                Assert.Equal(Enumerable.Range(0, offsets.Count).Select(index => next + index), offsets);
                if (isRead) Assert.NotEmpty(offsets);
                given += offsets.Count;
                next += offsets.Count;
            }
        }

        return given;
    }

    private static async Task<bool> IsReadAsync(Task reading)
    {
        try
        {
            await reading;
            return true;
        }
        catch (Exception failed) when (failed is StorageException or CorruptBlockException or OperationCanceledException)
        {
            return false;
        }
    }

    private sealed record Outcome(int Given, int Calls, long Steps);

    /// <summary>Reads that take some turns, are lost or come back damaged now and then.</summary>
    private sealed class TroubledReads(IBlobContainer container, Random chance) : IBlobContainer
    {
        public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
        {
            for (var turns = chance.Next(4); turns > 0; turns--)
            {
                await Task.Yield();
                cancellationToken.ThrowIfCancellationRequested();
            }

            var fate = chance.Next(30);
            if (fate == 0) throw new StorageException(name, "Read", "it was lost") { IsTransient = true };
            var length = await container.ReadAsync(name, position, destination, cancellationToken);
            if (fate == 1 && length > 0) destination.Span[chance.Next(length)] ^= 4;
            return length;
        }

        public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => container.FindAsync(name, cancellationToken);

        public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) => container.PutAsync(name, content, expected, nonce, cancellationToken);

        public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => container.GetAsync(name, maxBytes, cancellationToken);

        public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => container.DeleteAsync(name, cancellationToken);

        public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => container.ListAsync(prefix, cancellationToken);
    }
}
