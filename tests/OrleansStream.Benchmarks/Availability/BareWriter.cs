using System.Diagnostics;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using OrleansStream.Testing.Clusters;

namespace OrleansStream.Benchmarks.Availability;

/// <summary>A storage client with nothing around it: new blobs of one size, created if absent, as many on their way at once as a lane has.</summary>
internal sealed class BareWriter
{
    /// <summary>As many as a lane of ours has on its way, unless told otherwise.</summary>
    public const int Depth = 6;

    private readonly BlobContainerClient _container;
    private readonly byte[] _block;
    private long _names;

    private BareWriter(BlobContainerClient container, int bytes)
    {
        (_container, _block) = (container, new byte[bytes]);
        Random.Shared.NextBytes(_block);
    }

    public static async Task<BareWriter> CreateAsync(BlobCluster cluster, int bytes)
    {
        var options = new BlobClientOptions();
        options.Retry.MaxRetries = 0;
        var container = new BlobContainerClient(cluster.Azurite.ConnectionString, $"bare-{Guid.NewGuid():n}", options);
        await container.CreateAsync();
        return new BareWriter(container, bytes);
    }

    /// <summary>Writes for a time, as fast as it goes.</summary>
    public async Task<(long Bytes, TimeSpan Time)> WriteAsync(TimeSpan span)
    {
        var start = Stopwatch.GetTimestamp();
        var writers = Enumerable.Range(0, Depth).Select(async _ =>
        {
            long written = 0;
            for (; Stopwatch.GetElapsedTime(start) < span; written += _block.Length) await PutAsync();
            return written;
        }).ToList();
        return ((await Task.WhenAll(writers)).Sum(), Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Writes at an even rate for a time.</summary>
    /// <returns>How long each write took.</returns>
    public async Task<IReadOnlyList<TimeSpan>> WriteAsync(double perSecond, TimeSpan span)
    {
        var start = Stopwatch.GetTimestamp();
        var writes = new List<Task<TimeSpan>>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (Stopwatch.GetElapsedTime(start) < span && await timer.WaitForNextTickAsync())
        {
            while (writes.Count < Stopwatch.GetElapsedTime(start).TotalSeconds * perSecond) writes.Add(TimedAsync());
        }
        return await Task.WhenAll(writes);
    }

    private async Task<TimeSpan> TimedAsync()
    {
        var start = Stopwatch.GetTimestamp();
        await PutAsync();
        return Stopwatch.GetElapsedTime(start);
    }

    private async Task PutAsync()
    {
        var blob = _container.GetBlockBlobClient($"{Interlocked.Increment(ref _names):x16}");
        using var content = new MemoryStream(_block, writable: false);
        await blob.UploadAsync(content, new BlobUploadOptions
        {
            Conditions = new BlobRequestConditions { IfNoneMatch = Azure.ETag.All },
            TransferOptions = new() { InitialTransferSize = _block.Length + 1L },
        });
    }
}
