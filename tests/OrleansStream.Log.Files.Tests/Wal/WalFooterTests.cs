using System.Runtime.CompilerServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Files.Tests.Wal;

public sealed class WalFooterTests
{
    [Fact]
    public void F5_the_footer_of_a_full_file_says_what_its_blocks_say()
    {
        using var bench = TwoFiles();
        var written = bench.Files.Of(bench.Session)[0];
        using var file = bench.Disk.Open(written.Path, DiskOpenMode.Read);
        Assert.True(WalFooter.TryRead(file, bench.Session, 0, out var footer));

        Assert.Equal((written.FirstSlot, written.EndSlot, written.EndPosition), (footer.File.FirstSlot, footer.File.EndSlot, footer.File.EndPosition));
        Assert.Equal(written.CopyPages(), footer.File.CopyPages());
        foreach (var partition in (PartitionId[])[LaneCalls.Partition(0), LaneCalls.Partition(1)])
        {
            var own = new List<WalExtent>();
            bench.Lane.Index.CopyTo(partition, Offset.Zero, own);
            Assert.Equal(own.Where(extent => extent.LastSlot < written.EndSlot), footer.Partitions[partition]);
        }

        Assert.Equal(2, footer.Partitions.Count);
        var bytes = bench.Disk.Contents(written.Path);
        written.TryFind(new Slot(written.EndSlot.Value - 1), out var position, out _);
        BlockCodec.TryReadHeader(bytes.AsSpan((int)position), out var last, out _);
        Assert.Equal((last.Checksum, last.DurableEnd, 0u), (footer.LastChecksum, footer.DurableEnd, footer.FirstPrevious));
    }

    [Fact]
    public void F5_the_open_file_has_no_footer()
    {
        using var bench = TwoFiles();
        using var file = bench.Disk.Open(bench.Files.Of(bench.Session)[1].Path, DiskOpenMode.Read);
        Assert.False(WalFooter.TryRead(file, bench.Session, 1, out _));
    }

    [Fact]
    public void F5_a_footer_of_another_session_or_file_does_not_count()
    {
        using var bench = TwoFiles();
        using var file = bench.Disk.Open(bench.Files.Of(bench.Session)[0].Path, DiskOpenMode.Read);
        Assert.False(WalFooter.TryRead(file, new SessionId(new BrokerId(1), Guid.NewGuid()), 0, out _));
        Assert.False(WalFooter.TryRead(file, bench.Session, 1, out _));
    }

    [Fact]
    public void F5_a_footer_with_a_flipped_byte_does_not_count()
    {
        using var bench = TwoFiles();
        var path = bench.Files.Of(bench.Session)[0].Path;
        var end = bench.Files.Of(bench.Session)[0].EndPosition;
        var contents = bench.Disk.Contents(path);
        var undetected = new List<long>();
        for (var at = end; at < contents.Length; at++)
        {
            bench.Disk.Flip(path, at);
            using (var file = bench.Disk.Open(path, DiskOpenMode.Read))
            {
                if (WalFooter.TryRead(file, bench.Session, 0, out _)) undetected.Add(at);
            }

            bench.Disk.Flip(path, at);
        }

        // Between the footer and its trailer stand zeros that nobody reads.
        Assert.True(undetected.Count < Limits.BlockAlignment && undetected.TrueForAll(at => contents[at] == 0 && at > end + 64));
    }

    [Fact]
    public void A_footer_that_cannot_be_written_leaves_a_lane_that_goes_on_and_a_file_without_one()
    {
        var disk = new SimulatedDisk();
        var isArmed = false;
        disk.Faults = call => isArmed && call.Operation == DiskOperation.Truncate ? DiskFault.Fail : DiskFault.None;
        isArmed = true;
        using var bench = new WalBench(disk: disk);
        bench.AppendBlocks(0, 15, length: 3 * Limits.MiB);
        Assert.Null(bench.Lane.End);
        Assert.Equal(2, bench.Files.Of(bench.Session).Count);
        using var file = disk.Open(bench.Files.Of(bench.Session)[0].Path, DiskOpenMode.Read);
        Assert.False(WalFooter.TryRead(file, bench.Session, 0, out _));
    }

    // Ten thousand partitions that were once written to would otherwise keep what the footers of ten thousand files were made of.
    [Fact]
    public void An_idle_partition_keeps_nothing_alive_of_what_a_closed_file_had_of_others()
    {
        using var bench = new WalBench();
        var (idle, busy) = (bench.Lane.PartitionOf(LaneCalls.Partition(1)), bench.Lane.PartitionOf(LaneCalls.Partition(2)));
        bench.Append(0, partition: idle);
        bench.Append(0, partition: busy);
        bench.RunAll();
        var ofBusy = StateOf(busy);
        for (var i = 1; bench.Files.Of(bench.Session).Count < 2; i++)
        {
            bench.Append(i, length: 900_000, busy);
            bench.RunAll();
        }

        GC.GetTotalMemory(forceFullCollection: true);

        Assert.NotNull(idle.StoreState);
        Assert.False(ofBusy.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference StateOf(LanePartition partition) => new(partition.StoreState);

    private static WalBench TwoFiles()
    {
        var bench = new WalBench();
        var second = bench.Lane.PartitionOf(LaneCalls.Partition(1));
        for (var i = 0; bench.Files.Of(bench.Session).Count < 2; i++)
        {
            bench.Append(i, length: 30_000);
            bench.Append(i, length: 900_000, second);
            bench.RunAll();
        }

        return bench;
    }
}
