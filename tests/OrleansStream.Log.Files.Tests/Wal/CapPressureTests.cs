using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Files.Tests.Wal;

/// <summary>The WAL at its cap while nothing can be split: on a disk and by a clock that the test moves.</summary>
public sealed class CapPressureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task At_the_cap_producers_wait_and_go_on_as_soon_as_old_slots_are_given_up()
    {
        using var bench = await BenchAsync();
        var next = Fill(bench);
        for (var second = 0; second < 29; second++)
        {
            Pass(bench);
            Assert.Equal(EnqueueStatus.Full, bench.Append(next, Limits.MiB));
        }

        var room = bench.Lane.RoomAsync(Token).AsTask();
        Assert.False(room.IsCompleted);

        // What the splitter does when it can: the oldest file's frames stand in a segment.
        var oldest = bench.Files.Of(bench.Session)[0];
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(oldest.EndSlot.Value));
        await bench.Lane.TrimAsync(Token);
        bench.RunAll();

        await room.WaitAsync(Token);
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(next, Limits.MiB));
        bench.RunAll();
        Assert.Equal(next + 1, bench.Owner.Published.Count);
        Assert.InRange(bench.Files.Bytes, 1, bench.Options.MaxWalBytes);
        Assert.DoesNotContain(oldest.Path, bench.Disk.AllFiles());
    }

    // A broker that takes nothing is worse than a WAL above its cap.
    [Fact]
    public async Task When_nothing_could_be_split_for_30_seconds_the_WAL_grows_beyond_its_cap()
    {
        using var bench = await BenchAsync();
        var next = Fill(bench);
        for (var second = 0; second < 32; second++) Pass(bench);

        Assert.Equal(EnqueueStatus.Accepted, bench.Append(next, Limits.MiB));
        for (var more = 1; more < 8; more++) Assert.Equal(EnqueueStatus.Accepted, bench.Append(next + more, Limits.MiB));
        bench.RunAll();
        Assert.Equal(next + 8, bench.Owner.Published.Count);
        Assert.True(bench.Files.Bytes > bench.Options.MaxWalBytes);
        Assert.Null(bench.Lane.End);
    }

    // Topics must be deleted and offsets committed then, too: that is what makes room.
    [Fact]
    public async Task At_the_cap_journals_go_on_in_what_the_open_file_keeps_for_them()
    {
        using var bench = await BenchAsync();
        var next = Fill(bench);

        Assert.Equal(EnqueueStatus.Full, bench.Append(next, Limits.MiB));
        Assert.Equal(EnqueueStatus.Accepted, bench.AppendJournal(next));
        bench.RunAll();
        Assert.Equal(next + 1, bench.Owner.Published.Count);
    }

    // Rule F3: that the last block was durable must be said by a later one, or what damages it passes for a torn tail. Journals may take all but that.
    // With relaxed sync, and where the lane rests in between, blocks that say less must not take what the last one needs.
    [Theory, InlineData(SyncMode.Every, false), InlineData(SyncMode.Every, true), InlineData(SyncMode.Interval, false), InlineData(SyncMode.Interval, true)]
    public async Task F3_damage_to_the_last_acknowledged_block_is_found_though_the_WAL_has_no_room_left(SyncMode sync, bool rests)
    {
        using var bench = await BenchAsync(sync);
        var next = Fill(bench);
        foreach (var length in (int[])[Limits.MiB, 64 * Limits.KiB, 100])
        {
            while (bench.AppendJournal(next, length) == EnqueueStatus.Accepted)
            {
                next++;
                bench.RunAll();
                if (!rests) continue;
                bench.Time.Advance(TimeSpan.FromMilliseconds(60));
                bench.RunAll();
            }
        }

        for (var second = 0; second < 3; second++) Pass(bench);
        Assert.Equal(next, bench.Owner.Published.Count);
        var last = bench.Files.Of(bench.Session)[^1];
        Assert.True(last.TryFind(bench.Extents()[^1].LastSlot, out var position, out _));
        var disk = bench.Disk.CutPowerKeepingAll();
        disk.Flip(last.Path, position + 200);

        var found = await Assert.ThrowsAsync<CorruptBlockException>(() => RecoverAsync(bench, disk));
        Assert.Equal((last.Path, position), (found.Location, found.Position));
    }

    private static async Task RecoverAsync(WalBench bench, SimulatedDisk disk)
    {
        using var oneThread = new DedicatedThreadScheduler("test");
        await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = disk, Sessions = bench.Sessions, Manifests = new MemoryManifestStore(), Files = new WalFiles(), Scheduler = oneThread, Time = bench.Time }, Token);
    }

    private static async Task<WalBench> BenchAsync(SyncMode sync = SyncMode.Every)
    {
        var bench = new WalBench(new FileLaneOptions { FileBytes = 32L * Limits.MiB, MaxWalBytes = 64L * Limits.MiB, ReserveBytes = 0, Sync = sync });
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Session, SessionState.Open, Slot.Zero, null), null, Token);
        return bench;
    }

    // Until a producer would have to wait. Returns the next offset.
    private static int Fill(WalBench bench)
    {
        var next = 0;
        EnqueueStatus status;
        while ((status = bench.Append(next, Limits.MiB)) == EnqueueStatus.Accepted)
        {
            next++;
            bench.RunAll();
        }

        Assert.Equal(EnqueueStatus.Full, status);
        Assert.Equal(2, bench.Files.Of(bench.Session).Count);
        return next;
    }

    private static void Pass(WalBench bench)
    {
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        bench.RunAll();
    }
}
