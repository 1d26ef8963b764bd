using BenchmarkDotNet.Attributes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Benchmarks.Serving;

/// <summary>What a fetch costs that finds its bytes in the tail cache: one megabyte at most, from the middle of what is cached.</summary>
[MemoryDiagnoser]
public class TailReadBenchmark
{
    private const int CachedBytes = 16 * Limits.MiB;

    private readonly FrameList _frames = new();
    private MemoryBroker _broker = null!;
    private PartitionHandle _handle = null!;
    private Offset _middle;

    [Params(100, 1024, 10_240)]
    public int BatchBytes { get; set; }

    [Params(10_000, Limits.MiB)]
    public int FetchBytes { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _broker = new MemoryBroker();
        _broker.Lane.Store.Keeps = false;
        _handle = _broker.Open();
        var overhead = new BatchBuilder().Records(1, valueBytes: 20).Build().Length - 20;
        var batch = new BatchBuilder().Records(1, valueBytes: BatchBytes - overhead).Build();
        var ignored = new Ignored();
        for (var append = 0; append < CachedBytes / BatchBytes; append++)
        {
            _handle.Append(batch, new AppendContext(ZstdAllowed: true), ignored, append);
            if (append % 100 == 99) _broker.Lane.Publish();
        }

        _broker.Lane.Publish();
        _middle = new Offset(_handle.HighWatermark.Value / 2);
    }

    [GlobalCleanup]
    public void Close() => _broker.Dispose();

    [Benchmark]
    public int Read()
    {
        var read = _handle.ReadAsync(new ReadRequest(_middle, FetchBytes, AtLeastOne: true, Committed: false), _frames, CancellationToken.None);
        if (!read.IsCompletedSuccessfully) throw new InvalidOperationException("The bytes are not in the cache.");
        var count = _frames.Count;
        _frames.Dispose();
        return count;
    }

    private sealed class Ignored : IAppendCompletion
    {
        public void OnAppended(int token, in AppendOutcome outcome)
        {
        }
    }
}
