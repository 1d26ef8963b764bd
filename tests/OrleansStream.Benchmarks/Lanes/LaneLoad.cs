using System.Diagnostics;
using System.Globalization;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Benchmarks.Lanes;

/// <summary>
/// Appends to a bare lane on a real disk: <c>lane-load [directory] [frame bytes] [partitions] [MiB] [frames per second, 0 is as fast as it goes] [options]</c>, where options are
/// any of <c>buffered</c>, <c>relaxed</c>, <c>nocrc</c>. Prints MB/s, CPU-seconds per GB, block sizes and latencies from append to publication.
/// </summary>
internal static class LaneLoad
{
    public static int Run(string[] args)
    {
        var directory = args.Length > 0 ? args[0] : Path.GetTempPath();
        var load = new Load(Number(args, 1, 1024), Number(args, 2, 1), Number(args, 3, 2048) << 20, Number(args, 4, 0), args);
        var path = System.IO.Directory.CreateDirectory(Path.Combine(directory, "lane-load-" + Guid.NewGuid().ToString("N"))).FullName;
        try
        {
            load.Run(path);
            return 0;
        }
        finally
        {
            System.IO.Directory.Delete(path, recursive: true);
        }
    }

    private static long Number(string[] args, int index, long otherwise) =>
        args.Length > index ? long.Parse(args[index], CultureInfo.InvariantCulture) : otherwise;

    private sealed class Load(long frameBytes, long partitions, long totalBytes, long rate, string[] options) : IFrameOwner, ILaneObserver
    {
        private readonly long[] _latencies = new long[1_000_000];
        private readonly byte[] _frame = new byte[frameBytes];
        private static readonly ManualResetEvent Waiting = new(false);
        private long _published;
        private long _blocks;

        public void Run(string path)
        {
            new Random(1).NextBytes(_frame);
            using var slabs = new SlabPool();
            using var host = Start(path, slabs);
            var lane = host.Lane;
            var states = Enumerable.Range(0, (int)partitions).Select(i => lane.PartitionOf(LaneCalls.Partition(i))).ToArray();
            Append(lane, states, Math.Min(totalBytes / 4, 256 << 20) / frameBytes, 0);

            _published = _blocks = 0;
            var cpu = Process.GetCurrentProcess().TotalProcessorTime;
            var allocated = GC.GetTotalAllocatedBytes();
            var start = Stopwatch.GetTimestamp();
            var count = totalBytes / frameBytes;
            Append(lane, states, count, 1_000_000_000);
            var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
            allocated = GC.GetTotalAllocatedBytes() - allocated;
            lane.StopAsync(CancellationToken.None).Wait();
            Print(count, seconds, cpu.TotalSeconds, allocated);
        }

        public void OnPublished(Block block, int index, object? state)
        {
            var at = _published++;
            if (at < _latencies.Length && state is StrongBoxedTime time) _latencies[at] = Stopwatch.GetTimestamp() - time.At;
        }

        public void OnLost(LaneEnd end, bool mayBeStored, object? state) => Console.Error.WriteLine($"lost: {end.Reason}");

        public void OnBlockPublished(Block block) => _blocks++;

        public void OnOwnerFailed(Exception error) => Console.Error.WriteLine(error);

        private FileLane Start(string path, SlabPool slabs)
        {
            var session = new SessionId(new BrokerId(1), Guid.NewGuid());
            var setup = new WalStoreSetup
            {
                Disk = new LinuxDisk(path, Console.Error.WriteLine),
                Session = session,
                Options = new FileLaneOptions
                {
                    Direct = !options.Contains("buffered"),
                    Sync = options.Contains("relaxed") ? SyncMode.Interval : SyncMode.Every,
                },
                Files = new WalFiles(),
                Time = TimeProvider.System,
            };
            return FileLane.Start(setup, (store, wake) => new LaneSetup
            {
                Session = session,
                Store = store,
                Sessions = new MemorySessionStore(),
                ClosedEpochs = new ClosedEpochs(),
                Slabs = slabs,
                Time = TimeProvider.System,
                Random = new Random(1),
                Dispatcher = TaskScheduler.Default,
                WakeWriter = wake,
                Observer = this,
            });
        }

        private void Append(Lane lane, LanePartition[] states, long count, long firstOffset)
        {
            var crc = Crc32C.Hash(_frame);
            var start = Stopwatch.GetTimestamp();
            for (var i = 0L; i < count; i++)
            {
                if (rate > 0) WaitUntil(start + (i * Stopwatch.Frequency / rate));
                var state = rate > 0 ? new StrongBoxedTime(Stopwatch.GetTimestamp()) : null;
                var request = LaneCalls.Request(states[i % states.Length], this, firstOffset + (i / states.Length), (int)frameBytes, state: state ?? (object)this);
                FramePlace place;
                while (lane.TryEnqueue(request, out place) is var status && status != EnqueueStatus.Accepted)
                {
                    if (status != EnqueueStatus.Full) throw new InvalidOperationException(status.ToString());
                    lane.RoomAsync(CancellationToken.None).AsTask().Wait();
                }

                _frame.CopyTo(place.Destination);
                place.Filled(options.Contains("crc") ? Crc32C.Hash(place.Destination) : crc);
            }

            foreach (var state in states) lane.DrainAsync(state.Partition, CancellationToken.None).Wait();
        }

        private static void WaitUntil(long timestamp)
        {
            // In bursts of a millisecond's frames: a generator that spins would take a core away from what is measured.
            while (Stopwatch.GetTimestamp() < timestamp) Waiting.WaitOne(1);
        }

        private void Print(long count, double seconds, double cpu, long allocated)
        {
            var bytes = count * frameBytes;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{frameBytes} B x {partitions} partitions: {bytes / seconds / 1e6:F0} MB/s, {cpu / (bytes / 1e9):F2} CPU-s/GB, {(double)bytes / _blocks / 1024:F0} KiB per block, {(double)allocated / count:F1} B allocated per frame"));
            if (rate == 0) return;

            var sorted = _latencies.Take((int)Math.Min(count, _latencies.Length)).Order().ToArray();
            double At(double share) => (double)sorted[(int)(share * (sorted.Length - 1))] / Stopwatch.Frequency * 1000;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  latency ms: p50 {At(0.5):F3}, p99 {At(0.99):F3}, p99.9 {At(0.999):F3}, max {At(1):F3}"));
        }

        private sealed record StrongBoxedTime(long At);
    }
}
