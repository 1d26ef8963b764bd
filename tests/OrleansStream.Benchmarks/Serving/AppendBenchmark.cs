using BenchmarkDotNet.Attributes;
using OrleansStream.Log.Serving;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Benchmarks.Serving;

/// <summary>What an append costs between the bytes of a request and the lane: validation, offsets, copy, publication. The lane writes to nowhere.</summary>
[MemoryDiagnoser]
public class AppendBenchmark : IAppendCompletion
{
    private const int Appends = 1000;

    private MemoryBroker _broker = null!;
    private PartitionHandle _handle = null!;
    private byte[] _batch = null!;
    private int _answered;

    [Params(100, 1024, 10_240)]
    public int BatchBytes { get; set; }

    [GlobalSetup]
    public void Open()
    {
        _broker = new MemoryBroker();
        _broker.Lane.Store.Keeps = false;
        _handle = _broker.Open();
        var overhead = new BatchBuilder().Records(1, valueBytes: 20).Build().Length - 20;
        _batch = new BatchBuilder().Records(1, valueBytes: BatchBytes - overhead).Build();
    }

    [GlobalCleanup]
    public void Close() => _broker.Dispose();

    /// <summary>Publishes every hundred appends, as a lane under load does; what a fetch waits for is not in here.</summary>
    [Benchmark(OperationsPerInvoke = Appends)]
    public int AppendAndPublish()
    {
        for (var append = 1; append <= Appends; append++)
        {
            _handle.Append(_batch, new AppendContext(ZstdAllowed: true), this, append);
            if (append % 100 == 0) _broker.Lane.Publish();
        }

        return _answered;
    }

    public void OnAppended(int token, in AppendOutcome outcome) => _answered++;
}
