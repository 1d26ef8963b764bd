using System.Buffers;
using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Segments;
using OrleansStream.Model;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>The block cache over objects of known bytes, whose reads wait when the test says so.</summary>
internal sealed class CacheBench : IAsyncDisposable
{
    private readonly Dictionary<string, byte[]> _objects = [];
    private readonly SimulatedBlobs _blobs;

    public CacheBench(BlobReadingOptions? options = null)
    {
        _blobs = new SimulatedBlobs(Time);
        Reads = new HeldReads(_blobs) { Holds = false };
        Options = options ?? new BlobReadingOptions();
        Permits = new ReadPermits(Options);
        Cache = new BlockCache(new BlobReadingSetup { Container = Reads, Slabs = Slabs, Time = Time, Options = Options }, Permits, Counts);
    }

    public FakeTimeProvider Time { get; } = new();

    public SlabPool Slabs { get; } = new(maxKeptBytes: 0);

    public HeldReads Reads { get; }

    public BlobReadingOptions Options { get; }

    public ReadPermits Permits { get; }

    public ReadCounts Counts { get; } = new();

    public BlockCache Cache { get; }

    /// <summary>What was asked for so far, in MiB: object, position, length.</summary>
    public IEnumerable<(string Name, double Position, double Length)> Asked =>
        Reads.All.Select(read => (read.Name, (double)read.Position / Limits.MiB, (double)read.Length / Limits.MiB));

    /// <summary>Makes an object.</summary>
    public async Task<string> PutAsync(string name, double mebibytes)
    {
        var bytes = _objects[name] = Pieces.Bytes((int)(mebibytes * Limits.MiB), name.Length);
        await _blobs.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected: null, Guid.Empty, CancellationToken.None);
        return name;
    }

    /// <summary>Asks for a range, in MiB.</summary>
    public Task<LeasedRange> LeaseAsync(string name, double position, double length = 0.25, ReadPriority priority = ReadPriority.Cold) =>
        Cache.LeaseAsync(RangeOf(name, position, length), priority, CancellationToken.None).AsTask();

    /// <summary>The same for somebody who may give up.</summary>
    public Task<LeasedRange> LeaseUntilAsync(CancellationTokenSource ends, string name, double position) =>
        Cache.LeaseAsync(RangeOf(name, position, 0.25), ReadPriority.Cold, ends.Token).AsTask();

    /// <summary>Asks for a range, checks its bytes and gives it back.</summary>
    public async Task ReadAsync(string name, double position, double length = 0.25, ReadPriority priority = ReadPriority.Cold)
    {
        using var range = await LeaseAsync(name, position, length, priority);
        Check(range, name, position, length);
    }

    public void Check(LeasedRange range, string name, double position, double length = 0.25)
    {
        var of = RangeOf(name, position, length);
        var part = range.Take(of.Position, of.Length);
        Assert.True(part.Lease.Memory.Span.Slice(part.Start, of.Length).SequenceEqual(_objects[name].AsSpan((int)of.Position, of.Length)));
    }

    public ObjectRange RangeOf(string name, double position, double length) =>
        new(name, (long)(position * Limits.MiB), (int)(length * Limits.MiB), _objects.TryGetValue(name, out var bytes) ? bytes.Length : 64L * Limits.MiB);

    public async ValueTask DisposeAsync()
    {
        Reads.ReleaseAll();
        await Cache.DisposeAsync();
        Assert.Equal(0, Cache.Bytes);
        Assert.Equal(0, Cache.AheadBytes);
        Assert.Empty(Slabs.Leases.Open);
        Assert.Equal(0, Slabs.Leases.Total);
        Assert.Equal(0, Slabs.BytesOut);
        foreach (var priority in Enum.GetValues<ReadPriority>()) Assert.Equal((0, 0, 0L), (Permits.Running(priority), Permits.Waiting(priority), Permits.RunningBytes(priority)));
        Slabs.Dispose();
    }
}
