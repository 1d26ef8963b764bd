using BenchmarkDotNet.Attributes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Benchmarks.Lanes;

/// <summary>What the lane costs for a frame without a disk: place, fill, header, index and publication. One operation is one frame.</summary>
[MemoryDiagnoser]
public class EnqueueToPublish : IFrameOwner
{
    private const int Frames = 10_000;

    private readonly SlabPool _slabs = new();
    private readonly StepScheduler _dispatcher = new();
    private byte[] _payload = [];
    private Lane? _lane;
    private LanePartition[] _partitions = [];
    private long _next;

    [Params(100, 1024)]
    public int FrameBytes { get; set; }

    [Params(1, 100)]
    public int Partitions { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _payload = new byte[FrameBytes];
        _lane = new Lane(new LaneSetup
        {
            Session = new SessionId(new BrokerId(1), Guid.NewGuid()),
            Store = new NoStore(),
            Sessions = new MemorySessionStore(),
            ClosedEpochs = new ClosedEpochs(),
            Slabs = _slabs,
            Time = TimeProvider.System,
            Random = new Random(1),
            Dispatcher = _dispatcher,
            WakeWriter = static () => { },
        });
        _partitions = [.. Enumerable.Range(0, Partitions).Select(i => _lane.PartitionOf(LaneCalls.Partition(i)))];
    }

    [Benchmark(OperationsPerInvoke = Frames)]
    public void Append()
    {
        for (var i = 0; i < Frames; i++)
        {
            var request = new FrameRequest
            {
                Partition = _partitions[i % _partitions.Length],
                Epoch = default,
                BaseOffset = new Offset(_next / _partitions.Length),
                LastOffset = new Offset(_next / _partitions.Length),
                MaxTimestampMs = 0,
                Length = FrameBytes,
                Kind = FrameKind.Records,
                Owner = this,
            };
            if (_lane!.TryEnqueue(request, out var place) != EnqueueStatus.Accepted) throw new InvalidOperationException("The lane is full.");
            _payload.CopyTo(place.Destination);
            place.Filled(0);
            _next++;
        }

        while (_lane!.WriteSealed())
        {
        }

        _dispatcher.RunAll();
        foreach (var partition in _partitions) _lane.Index.ForgetBelow(partition.Partition, new Offset(_next / _partitions.Length));
    }

    void IFrameOwner.OnPublished(Block block, int index, object? state)
    {
    }

    void IFrameOwner.OnLost(LaneEnd end, bool mayBeStored, object? state)
    {
    }

    private sealed class NoStore : ILaneStore
    {
        public Slot DurableEnd { get; private set; }

        public EnqueueStatus Reserve(int bytes) => EnqueueStatus.Accepted;

        public void Write(ReadOnlySpan<LaneBlock> blocks) => DurableEnd = blocks[^1].Slot.Next;

        public TimeSpan Tend(bool isLast) => Timeout.InfiniteTimeSpan;

        public void Forget(Slot below)
        {
        }
    }
}
