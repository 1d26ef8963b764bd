using System.Diagnostics;
using System.Globalization;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Storage;

namespace OrleansStream.Benchmarks.Lanes;

/// <summary>
/// What docs/adr/0002-wal-io.md was decided by: <c>wal-io [directory] [MiB for each case]</c>. Writes with a sync after each write, through the page
/// cache and past it, to space that is only reserved, to space that was zeroed before and to a file that was written before; then reads it back.
/// </summary>
internal static class WalIo
{
    private enum Before
    {
        Reserved,
        Written,
    }

    public static int Run(string[] args)
    {
        var directory = System.IO.Directory.CreateDirectory(Path.Combine(args.Length > 0 ? args[0] : Path.GetTempPath(), "wal-io-" + Guid.NewGuid().ToString("N"))).FullName;
        var total = (args.Length > 1 ? long.Parse(args[1], CultureInfo.InvariantCulture) : 256) << 20;
        using var slabs = new SlabPool();
        try
        {
            Console.WriteLine("| file | mode | write | MB/s | CPU-s/GB | p50 ms | p99 ms | read MB/s | read CPU-s/GB |\n| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
            foreach (var size in (int[])[4 << 10, 64 << 10, 1 << 20, 4 << 20])
            {
                foreach (var before in Enum.GetValues<Before>())
                {
                    foreach (var direct in (bool[])[false, true]) Case(new LinuxDisk(directory), slabs, size, before, direct, Math.Min(total, size * 4096L));
                }
            }

            return 0;
        }
        finally
        {
            System.IO.Directory.Delete(directory, recursive: true);
        }
    }

    private static void Case(LinuxDisk disk, SlabPool slabs, int size, Before before, bool direct, long total)
    {
        var slab = slabs.Rent(size);
        new Random(1).NextBytes(slab.GetSpan());
        var memory = slab.Memory[..size];
        using var file = disk.Open("file", DiskOpenMode.Write | DiskOpenMode.CreateNew | (direct ? DiskOpenMode.Direct : 0));
        file.Reserve(total);
        file.SyncData();
        if (before == Before.Written)
        {
            for (var at = 0L; at < total; at += size) file.Write(at, [memory]);
            file.SyncData();
        }

        var times = new List<double>();
        var (writeSeconds, writeCpu) = Measure(() =>
        {
            for (var at = 0L; at < total; at += size)
            {
                var start = Stopwatch.GetTimestamp();
                file.Write(at, [memory]);
                file.SyncData();
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        });
        var readSize = Math.Max(size, 1 << 20);
        var target = slabs.Rent(readSize);
        var (readSeconds, readCpu) = Measure(() =>
        {
            for (var at = 0L; at < total; at += readSize) _ = file.Read(at, target.GetSpan()[..readSize]);
        });
        times.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {before.ToString().ToLowerInvariant()} | {(direct ? "direct" : "buffered")} | {size >> 10} KiB | {total / writeSeconds / 1e6:F0} | {writeCpu / (total / 1e9):F2} | {times[times.Count / 2]:F3} | {times[times.Count * 99 / 100]:F3} | {total / readSeconds / 1e6:F0} | {readCpu / (total / 1e9):F2} |"));
        target.Return();
        slab.Return();
        disk.Delete("file");
    }

    private static (double Seconds, double Cpu) Measure(Action work)
    {
        var cpu = Process.GetCurrentProcess().TotalProcessorTime;
        var start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - cpu).TotalSeconds);
    }
}
