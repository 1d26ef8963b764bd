using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Wal;

public sealed class WalStoreTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Fact]
    public void F1_a_write_is_acknowledged_after_a_sync_that_succeeded()
    {
        using var bench = new WalBench(new FileLaneOptions { FileBytes = 32L * Limits.MiB, ZeroAhead = false });
        var calls = new List<DiskOperation>();
        bench.Disk.Observer = call => calls.Add(call.Operation);
        bench.Append(0);
        bench.Lane.WriteSealed();
        Assert.Equal([DiskOperation.Write, DiskOperation.SyncData], calls);
        Assert.Equal(new Slot(1), bench.Store.DurableEnd);
    }

    [Theory, InlineData(DiskOperation.SyncData), InlineData(DiskOperation.Write)]
    public void F1_a_failed_write_or_sync_is_final_and_is_not_tried_again(DiskOperation fails)
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 1);
        var calls = 0;
        bench.Disk.Faults = call =>
        {
            if (call.Operation != fails) return DiskFault.None;
            calls++;
            return calls == 1 ? DiskFault.Fail : DiskFault.None;
        };
        bench.Append(1);
        bench.RunAll();
        Assert.IsType<DiskException>(bench.Lane.End!.Cause);
        bench.RunAll();
        Assert.Equal(1, calls);
        Assert.Equal([0L], bench.Owner.Published.Select(p => p.Base.Value));
        Assert.Single(bench.Owner.Lost);
        Assert.ThrowsAny<Exception>(() => bench.Store.Tend(isLast: false));
    }

    [Fact]
    public void F2_a_file_s_name_is_durable_before_a_block_stands_in_it()
    {
        var disk = new SimulatedDisk();
        var calls = new List<DiskOperation>();
        disk.Observer = call => calls.Add(call.Operation);
        using var bench = new WalBench(disk: disk);
        bench.Append(0);
        bench.RunAll();
        var firstWrite = calls.IndexOf(DiskOperation.Write);
        Assert.Contains(DiskOperation.SyncDirectory, calls[calls.IndexOf(DiskOperation.Create)..firstWrite]);
        using var lost = new WalBench(disk: disk.CutPower(1));
        Assert.Contains(bench.Files.Of(bench.Session)[0].Path, lost.Disk.AllFiles());
    }

    [Fact]
    public void F2_a_directory_sync_that_fails_leaves_no_file_to_write_to()
    {
        var disk = new SimulatedDisk { Faults = call => call.Operation == DiskOperation.SyncDirectory ? DiskFault.Fail : DiskFault.None };
        Assert.Throws<DiskException>(() => new WalBench(disk: disk));
    }

    [Fact]
    public void F4_blocks_start_on_4_KiB_boundaries_and_follow_each_other()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 50, length: 3000);
        var file = bench.Files.Of(bench.Session)[0];
        var expected = 0L;
        for (var slot = Slot.Zero; slot < file.EndSlot; slot = slot.Next)
        {
            Assert.True(file.TryFind(slot, out var position, out var stored));
            Assert.Equal(expected, position);
            Assert.Equal(0, position % Limits.BlockAlignment);
            expected += stored;
        }

        Assert.Equal(new Slot(50), file.EndSlot);
    }

    [Fact]
    public void A_full_file_is_followed_by_one_that_was_prepared_and_the_chain_goes_on()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 30, length: 3 * Limits.MiB);
        var files = bench.Files.Of(bench.Session);
        Assert.Equal([0, 1, 2], files.Select(file => file.Number));
        var previous = 0u;
        foreach (var file in files)
        {
            var bytes = bench.Disk.Contents(file.Path);
            for (var slot = file.FirstSlot; slot < file.EndSlot; slot = slot.Next)
            {
                Assert.True(file.TryFind(slot, out var position, out var stored));
                Assert.Null(BlockCodec.Verify(bytes.AsSpan((int)position, stored)));
                BlockCodec.TryReadHeader(bytes.AsSpan((int)position), out var header, out _);
                Assert.Equal((slot, previous), (header.Slot, header.PreviousChecksum));
                previous = header.Checksum;
            }
        }

        Assert.Equal(new Slot(30), files[^1].EndSlot);
    }

    [Fact]
    public void B3_a_full_disk_refuses_appends_before_anything_is_written_and_takes_them_again_when_there_is_space()
    {
        using var bench = new WalBench(new FileLaneOptions { FileBytes = 32L * Limits.MiB, ReserveBytes = 0 }, new SimulatedDisk { Capacity = 40L * Limits.MiB });
        var next = 0;
        EnqueueStatus status;
        while ((status = bench.Append(next, Limits.MiB)) == EnqueueStatus.Accepted)
        {
            next++;
            bench.RunAll();
        }

        Assert.Equal(EnqueueStatus.NoSpace, status);
        Assert.InRange(next, 15, 31);
        Assert.Null(bench.Lane.End);
        Assert.Equal(next, bench.Owner.Published.Count);

        // Every failed try asks for a file anew; none of them may use up its number.
        for (var second = 0; second < 5; second++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            bench.RunAll();
        }

        bench.Disk.Capacity = 100L * Limits.MiB;
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        bench.RunAll();
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(next, Limits.MiB));
        bench.RunAll();
        Assert.Equal(next + 1, bench.Owner.Published.Count);

        for (var more = 1; more <= 20; more++)
        {
            Assert.Equal(EnqueueStatus.Accepted, bench.Append(next + more, Limits.MiB));
            bench.RunAll();
        }

        // Recovery takes a gap in the numbers for the end of the session: what stands behind it would be lost.
        Assert.Equal([0, 1], bench.Files.Of(bench.Lane.Session).Select(file => file.Number));
    }

    [Fact]
    public async Task While_the_next_file_is_being_prepared_appends_wait_instead_of_failing()
    {
        var apart = new Queue<Action>();
        using var bench = new WalBench(runApart: apart.Enqueue);
        var next = 0;
        EnqueueStatus status;
        while ((status = bench.Append(next, 3 * Limits.MiB)) == EnqueueStatus.Accepted)
        {
            next++;
            bench.RunAll();
        }

        Assert.Equal(EnqueueStatus.Full, status);
        var room = bench.Lane.RoomAsync(None).AsTask();
        Assert.False(room.IsCompleted);
        while (apart.TryDequeue(out var work)) work();
        await room;
        Assert.Equal(EnqueueStatus.Accepted, bench.Append(next, 3 * Limits.MiB));
        bench.RunAll();
        Assert.Equal(next + 1, bench.Owner.Published.Count);
    }

    [Fact]
    public void With_relaxed_sync_a_frame_is_published_at_once_and_durable_end_waits_for_the_sync()
    {
        using var bench = new WalBench(new FileLaneOptions { FileBytes = 32L * Limits.MiB, Sync = SyncMode.Interval, SyncInterval = TimeSpan.FromMilliseconds(20) });
        bench.AppendBlocks(0, 3);
        Assert.Equal(3, bench.Owner.Published.Count);
        Assert.Equal(Slot.Zero, bench.Store.DurableEnd);
        bench.Time.Advance(TimeSpan.FromMilliseconds(20));
        bench.RunAll();
        Assert.Equal(new Slot(3), bench.Store.DurableEnd);
    }

    [Fact]
    public async Task T2_only_closed_files_below_the_trim_point_are_deleted_and_not_while_somebody_reads_them()
    {
        using var bench = new WalBench();
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Session, SessionState.Open, Slot.Zero, null), null, None);
        bench.AppendBlocks(0, 30, length: 3 * Limits.MiB);
        var files = bench.Files.Of(bench.Session);
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(files[1].EndSlot.Value));
        Assert.True(files[0].TryEnter());
        await bench.Lane.TrimAsync(None);
        await bench.Lane.TrimAsync(None);
        Assert.Equal([files[2]], bench.Files.Of(bench.Session));
        Assert.Contains(files[0].Path, bench.Disk.AllFiles());
        Assert.DoesNotContain(files[1].Path, bench.Disk.AllFiles());
        Assert.False(files[0].TryEnter());
        files[0].Leave();
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        bench.RunAll();
        Assert.DoesNotContain(files[0].Path, bench.Disk.AllFiles());
        Assert.Contains(files[2].Path, bench.Disk.AllFiles());
    }

    // A file that the disk does not let go of costs its space until it does: not the space of the others, and not the lane.
    [Fact]
    public async Task A_file_that_cannot_be_deleted_is_told_of_once_and_tried_again_while_the_others_go_and_the_lane_goes_on()
    {
        var notes = new List<string>();
        using var bench = new WalBench(note: (text, _) => notes.Add(text));
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Session, SessionState.Open, Slot.Zero, null), null, None);
        bench.AppendBlocks(0, 30, length: 3 * Limits.MiB);
        var files = bench.Files.Of(bench.Session);
        bench.Disk.Faults = call => call.Operation == DiskOperation.Delete && call.Path == files[0].Path ? DiskFault.Fail : DiskFault.None;

        // Both at once: a reader of each kept them until now.
        Assert.True(files[0].TryEnter() && files[1].TryEnter());
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(files[1].EndSlot.Value));
        await bench.Lane.TrimAsync(None);
        await bench.Lane.TrimAsync(None);
        files[0].Leave();
        files[1].Leave();
        for (var attempt = 0; attempt < 3; attempt++)
        {
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            bench.RunAll();
        }

        Assert.Contains(files[0].Path, bench.Disk.AllFiles());
        Assert.DoesNotContain(files[1].Path, bench.Disk.AllFiles());
        Assert.Contains(files[0].Path, Assert.Single(notes), StringComparison.Ordinal);
        bench.AppendBlocks(30, 1);

        bench.Disk.Faults = null;
        bench.Time.Advance(TimeSpan.FromSeconds(1));
        bench.RunAll();
        Assert.DoesNotContain(files[0].Path, bench.Disk.AllFiles());
        Assert.Null(bench.Lane.End);
    }

    // What stands in the directory may not be what it seems from then on, and the next file's name must (rule F2).
    [Fact]
    public async Task A_directory_sync_that_fails_behind_a_deletion_ends_the_lane()
    {
        using var bench = new WalBench();
        await bench.Sessions.CompareAndSetAsync(new SessionRecord(bench.Session, SessionState.Open, Slot.Zero, null), null, None);
        bench.AppendBlocks(0, 30, length: 3 * Limits.MiB);
        bench.Disk.Faults = call => call.Operation == DiskOperation.SyncDirectory ? DiskFault.Fail : DiskFault.None;
        bench.Lane.Index.ForgetBelow(bench.Partition.Partition, new Offset(bench.Files.Of(bench.Session)[0].EndSlot.Value));
        await bench.Lane.TrimAsync(None);
        await bench.Lane.TrimAsync(None);
        bench.Disk.Faults = null;

        bench.Append(30);
        bench.RunAll();

        Assert.IsType<DiskException>(bench.Lane.End?.Cause);
    }

    [Fact]
    public void Small_flushes_keep_zeros_in_the_prepared_file_level_with_the_blocks_in_the_open_one()
    {
        using var bench = new WalBench();
        bench.AppendBlocks(0, 100, length: 60_000);
        var prepared = bench.Disk.AllFiles()[1];
        var zeros = 0L;
        bench.Disk.Observer = call => zeros = call.Operation == DiskOperation.Write && call.Path == prepared ? call.Position + call.Length : zeros;
        bench.AppendBlocks(100, 100, length: 60_000);
        Assert.InRange(zeros, bench.Files.Of(bench.Session)[0].EndPosition - Limits.MiB, bench.Files.Of(bench.Session)[0].EndPosition + Limits.MiB);
    }

    // Zeros that came late would wipe out acknowledged blocks.
    [Fact]
    public void Zeros_are_never_written_to_a_file_that_the_lane_has_taken()
    {
        var apart = new Queue<Action>();
        var holdsBack = false;
        var held = new Queue<Action>();
        using var bench = new WalBench(runApart: work => (holdsBack ? held : apart).Enqueue(work));
        apart.Dequeue()();
        bench.AppendBlocks(0, 5, length: 200_000);
        holdsBack = apart.Count == 1;
        Assert.True(holdsBack);
        bench.AppendBlocks(5, 11, length: 3 * Limits.MiB);
        var second = bench.Files.Of(bench.Session)[1];
        apart.Dequeue()();
        Assert.True(second.TryFind(second.FirstSlot, out var position, out var stored));
        Assert.Null(BlockCodec.Verify(bench.Disk.Contents(second.Path).AsSpan((int)position, stored)));
    }

    [Theory, InlineData(32L * Limits.MiB, true), InlineData((32L * Limits.MiB) - 4096, false), InlineData((32L * Limits.MiB) + 1, false), InlineData(4 * Limits.GiB, true), InlineData((4 * Limits.GiB) + 4096, false)]
    public void The_size_of_a_file_is_within_its_bounds(long fileBytes, bool valid)
    {
        var options = new FileLaneOptions { FileBytes = fileBytes, MaxWalBytes = 16 * Limits.GiB };
        var results = new List<System.ComponentModel.DataAnnotations.ValidationResult>();
        Assert.Equal(valid, System.ComponentModel.DataAnnotations.Validator.TryValidateObject(options, new(options), results, validateAllProperties: true));
        Assert.All(results, result => Assert.Contains("FileBytes", result.ErrorMessage, StringComparison.Ordinal));
    }

    [Theory, InlineData(0, false), InlineData(1, true), InlineData(60_000, true), InlineData(60_001, false)]
    public void The_sync_interval_is_within_its_bounds(int milliseconds, bool valid)
    {
        var options = new FileLaneOptions { SyncInterval = TimeSpan.FromMilliseconds(milliseconds) };
        Assert.Equal(valid, System.ComponentModel.DataAnnotations.Validator.TryValidateObject(options, new(options), null, validateAllProperties: true));
    }
}
