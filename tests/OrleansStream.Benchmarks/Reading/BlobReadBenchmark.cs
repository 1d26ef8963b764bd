using System.Buffers;
using BenchmarkDotNet.Attributes;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Benchmarks.Reading;

/// <summary>What it costs to read a segment on and on through the block cache, a megabyte at a time: index, windows, checksums, leases. The container is memory.</summary>
[MemoryDiagnoser]
public class BlobReadBenchmark
{
    private const int SegmentBytes = 64 * Limits.MiB;

    private static readonly PartitionId Partition = new(new TopicId(new Guid(7, 0, 0, new byte[8])), 0);

    private readonly FrameList _frames = new();
    private readonly SlabPool _slabs = new();
    private BlobExtentReader _reader = null!;
    private SegmentExtent _segment = null!;

    [Params(1_000, 16_000, 1_000_000)]
    public int BatchBytes { get; set; }

    /// <summary>In MiB. With 256 the whole segment stays cached, with 40 none of it does until the next round.</summary>
    [Params(40, 256)]
    public int CacheMiB { get; set; }

    [GlobalSetup]
    public void Write()
    {
        var (segment, bytes) = new SegmentBuilder(Partition).Frames(0, SegmentBytes / BatchBytes, BatchBytes).Build();
        _segment = segment;
        _reader = new BlobExtentReader(new BlobReadingSetup
        {
            Container = new OneBlob(bytes),
            Slabs = _slabs,
            Time = TimeProvider.System,
            Options = new BlobReadingOptions { CacheBytes = CacheMiB * (long)Limits.MiB },
        });
    }

    [GlobalCleanup]
    public async Task Close()
    {
        await _reader.DisposeAsync();
        if (_slabs.Leases.Total != 0) throw new InvalidOperationException($"{_slabs.Leases.Total} leases are out.");
        _slabs.Dispose();
    }

    /// <summary>64 MiB.</summary>
    [Benchmark]
    public async Task<long> ReadOn()
    {
        var bytes = 0L;
        for (var next = Offset.Zero; next <= _segment.LastOffset;)
        {
            await _reader.ReadAsync(Partition, _segment, next, Limits.MiB, _frames, CancellationToken.None);
            bytes += _frames.Bytes;
            next = _frames[_frames.Count - 1].Entry.LastOffset + 1;
            _frames.Dispose();
        }

        return bytes;
    }

    private sealed class OneBlob(byte[] bytes) : IBlobContainer
    {
        public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
        {
            var length = (int)Math.Min(destination.Length, bytes.Length - position);
            bytes.AsMemory((int)position, length).CopyTo(destination);
            return new(length);
        }

        public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => new(new BlobFacts(bytes.Length, new ETag("1"), Guid.Empty));

        public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
