using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;
using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Gives the transport large segments. Kestrel's own pool has 4 KiB: that is one receive call for each 4 KiB of a produce request.
/// A connection that is silent holds none.
/// </summary>
internal sealed class SegmentPoolFactory : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new SegmentPool();
}

/// <summary>Pinned segments of one size; a bounded number of them is kept for the next connection.</summary>
internal sealed class SegmentPool : MemoryPool<byte>
{
    public const int SegmentBytes = 64 * Limits.KiB;

    // 16 MiB. What a burst needed beyond that goes to the collector.
    private const int MaxKept = 256;

    private readonly ConcurrentBag<Segment> _kept = [];
    private int _keptCount;
    private volatile bool _disposed;

    public override int MaxBufferSize => SegmentBytes;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, SegmentBytes);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_kept.TryTake(out var segment))
        {
            Interlocked.Decrement(ref _keptCount);
            return segment;
        }

        return new Segment(this);
    }

    protected override void Dispose(bool disposing)
    {
        _disposed = true;
        _kept.Clear();
    }

    private void Return(Segment segment)
    {
        if (_disposed || Interlocked.Increment(ref _keptCount) > MaxKept)
        {
            Interlocked.Decrement(ref _keptCount);
            return;
        }

        _kept.Add(segment);
    }

    private sealed class Segment(SegmentPool pool) : IMemoryOwner<byte>
    {
        // Pinned once for its life: the transport would pin it for each call otherwise.
        private readonly byte[] _bytes = GC.AllocateUninitializedArray<byte>(SegmentBytes, pinned: true);

        public Memory<byte> Memory => _bytes;

        public void Dispose() => pool.Return(this);
    }
}
