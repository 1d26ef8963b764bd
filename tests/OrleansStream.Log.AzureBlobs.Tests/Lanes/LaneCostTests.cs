using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>What a lane on blobs costs, counted put by put in simulated time.</summary>
public sealed class LaneCostTests
{
    private const double Tolerance = 0.2;

    private static readonly TimeSpan Load = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Latency = TimeSpan.FromMilliseconds(20);
    private static readonly int[] PartitionCounts = [10, 1_000, 5_000];

    // The goal of the design: what counts is time and bytes, not partitions. Batches of many partitions are small ones, as producers make them; each has a
    // line of 64 bytes in its block.
    [Theory]
    [InlineData(LatencyClass.Low, 8, 200)]
    [InlineData(LatencyClass.Balanced, 1, 50)]
    [InlineData(LatencyClass.Economy, 1, 4)]
    [InlineData(LatencyClass.Balanced, 8, 50)]
    [InlineData(LatencyClass.Economy, 8, 4)]
    [InlineData(LatencyClass.Economy, 40, 12)]
    public void Writes_at_one_byte_rate_are_the_same_however_many_partitions_there_are(LatencyClass latencyClass, int megabytesPerSecond, double mostPerSecond)
    {
        var counts = PartitionCounts.Select(partitions => Puts(latencyClass, megabytesPerSecond, partitions, bytesOfABatch: 16_384 / (partitions / 10))).ToList();

        var told = $"Puts in {Load.TotalSeconds} s: {string.Join(", ", counts)}.";
        Assert.True(counts.Max() <= counts.Min() * (1 + Tolerance), told);
        Assert.True(counts.Max() <= (mostPerSecond * Load.TotalSeconds * (1 + Tolerance)) + 10, told);
    }

    [Theory]
    [InlineData(LatencyClass.Balanced)]
    [InlineData(LatencyClass.Economy)]
    public void So_they_are_with_batches_of_one_size(LatencyClass latencyClass)
    {
        var counts = PartitionCounts.Select(partitions => Puts(latencyClass, 2, partitions, bytesOfABatch: 500)).ToList();

        Assert.True(counts.Max() <= counts.Min() * (1 + Tolerance), $"Puts in {Load.TotalSeconds} s: {string.Join(", ", counts)}.");
    }

    // Mixed classes: the most hurried one sets the pace, whatever share of the bytes it has.
    [Fact]
    public void So_they_are_where_partitions_have_different_classes()
    {
        var counts = PartitionCounts.Select(partitions => Puts(partition => (LatencyClass)(partition % 3), (2, partitions, 500)).Puts).ToList();

        Assert.True(counts.Max() <= counts.Min() * (1 + Tolerance), $"Puts in {Load.TotalSeconds} s: {string.Join(", ", counts)}.");
    }

    [Fact]
    public void A_lane_that_nobody_appends_to_writes_nothing()
    {
        var (puts, idle) = Puts(_ => LatencyClass.Balanced, (1, 5_000, 500), idle: TimeSpan.FromHours(1));

        Assert.True(puts > 0);
        Assert.Equal(0, idle);
    }

    private static int Puts(LatencyClass latencyClass, int megabytesPerSecond, int partitions, int bytesOfABatch) =>
        Puts(_ => latencyClass, (megabytesPerSecond, partitions, Math.Max(bytesOfABatch, 500))).Puts;

    private static (int Puts, int Idle) Puts(Func<int, LatencyClass> classOf, (int MegabytesPerSecond, int Partitions, int BytesOfABatch) load, TimeSpan idle = default)
    {
        using var bench = new PaidLane(new FakeTimeProvider(), Latency);
        var states = Enumerable.Range(0, load.Partitions).Select(index => bench.Lane.PartitionOf(LaneCalls.Partition(index))).ToArray();
        var began = bench.Time.GetTimestamp();
        var sent = 0L;
        while (bench.Time.GetElapsedTime(began) < Load)
        {
            var due = bench.Time.GetElapsedTime(began).TotalSeconds * load.MegabytesPerSecond * 1_000_000;
            for (; sent * load.BytesOfABatch < due; sent++)
            {
                var partition = (int)(sent % load.Partitions);
                bench.Append(LaneCalls.Request(states[partition], bench, sent / load.Partitions, load.BytesOfABatch, latencyClass: classOf(partition)));
            }

            bench.Go(Step);
        }

        while (bench.Published < sent) bench.Go(Step);
        var puts = bench.Blobs.Puts;
        Assert.Equal(puts, bench.Ledger.OperationsOf(WriteKind.Blocks) + bench.Ledger.OperationsOf(WriteKind.Records)); // A digest of each few hundred blocks.
        for (var passed = TimeSpan.Zero; passed < idle; passed += TimeSpan.FromSeconds(1)) bench.Go(TimeSpan.FromSeconds(1));
        return (puts, bench.Blobs.Puts - puts);
    }

    /// <summary>A lane with ledger and budget as a broker has them, on an account of a given latency.</summary>
    private sealed class PaidLane : IFrameOwner, IDisposable
    {
        private readonly StepScheduler _dispatcher = new();
        private readonly SlabPool _slabs = new();

        public PaidLane(FakeTimeProvider time, TimeSpan latency)
        {
            Time = time;
            Blobs = new SlowBlobs(time, latency);
            Ledger = new WriteLedger(new WriteBudgetOptions { OperationsPerSecond = 1_000 }, time);
            var session = new SessionId(new BrokerId(1), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));
            Lane = new Lane(new LaneSetup
            {
                Session = session,
                Store = new BlobLaneStore(new BlobLaneSetup
                {
                    Container = new PricedBlobContainer(Blobs, Ledger),
                    Session = session,
                    Undecided = new UndecidedPuts(time, new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
                }),
                Sessions = new MemorySessionStore(),
                ClosedEpochs = new ClosedEpochs(),
                Slabs = _slabs,
                Time = time,
                Random = new Random(2),
                Dispatcher = _dispatcher,
                WakeWriter = static () => { },
                Linger = LaneLinger.OfBlobs,
                Budget = Ledger.Budget,
            });
        }

        public FakeTimeProvider Time { get; }

        public SlowBlobs Blobs { get; }

        public WriteLedger Ledger { get; }

        public Lane Lane { get; }

        public long Published { get; private set; }

        public void Append(in FrameRequest request)
        {
            Assert.Equal(EnqueueStatus.Accepted, Lane.TryEnqueue(request, out var place));
            place.Filled(0);
        }

        public void Go(TimeSpan step)
        {
            Run();
            Time.Advance(step);
            Blobs.Answer();
            Run();
        }

        public void OnPublished(Block block, int index, object? state) => Published++;

        public void OnLost(LaneEnd end, bool mayBeStored, object? state)
        {
        }

        public void Dispose()
        {
            Lane.Abort(new LaneEnd("The test is over.", null));
            Run();
            _slabs.Dispose();
        }

        private void Run()
        {
            while (Lane.WriteSealed())
            {
            }

            _dispatcher.RunAll();
        }
    }
}
