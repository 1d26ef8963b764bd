using System.Buffers;
using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Log.Files.Tests.Brokers;

/// <summary>A whole log on a disk that others have filled to the last byte.</summary>
public sealed class FullDiskTests
{
    private const long FileBytes = 2L * Limits.MaxBlockBytes;

    private static readonly PartitionId Journal = LogBench.PartitionOf(7);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_broker_starts_on_a_full_disk_and_serves_what_it_has(bool wasKilled)
    {
        await using var bench = await OnFullDiskAsync(wasKilled, "a", "b", "c");

        var handle = await bench.OpenAsync();

        Assert.Equal([0, 1, 2], await LogBench.OffsetsAsync(handle));
        Assert.True(bench.Log.Lanes.Current.End is null);
    }

    [Fact]
    public async Task On_a_full_disk_producers_are_refused_and_go_on_by_themselves_when_space_returns()
    {
        await using var bench = await OnFullDiskAsync(wasKilled: false, "a");
        var handle = await bench.OpenAsync();

        Assert.Equal(ErrorCode.KafkaStorageError, (await LogBench.AppendAsync(handle, "refused")).Error);
        Assert.Equal(ErrorCode.KafkaStorageError, (await LogBench.AppendAsync(handle, "refused")).Error);
        Assert.True(handle.IsOwner);

        bench.Disk.Capacity = long.MaxValue;
        await UntilAsync(bench, async () => (await LogBench.AppendAsync(handle, "b")).Error == ErrorCode.None);
        Assert.Equal([0, 1], await LogBench.OffsetsAsync(handle));
        Assert.Equal(0, bench.Log.Lanes.LanesLost);
        await bench.RestartAsync();
        Assert.Equal([0, 1], await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    // The catalog and the groups are journals: without them nobody could delete a topic, and consumers could not say how far they are.
    [Fact]
    public async Task On_a_full_disk_journals_go_on_where_producers_are_refused()
    {
        await using var bench = await OnFullDiskAsync(wasKilled: true, "a");
        var journal = new JournalPartition(await bench.OpenAsync(Journal), bench.Log.Journals);
        var handle = await bench.OpenAsync();

        for (var i = 0; i < 100; i++)
        {
            Assert.Equal(ErrorCode.None, (await journal.AppendAsync([new byte[1000]])).Error);
            Assert.Equal(ErrorCode.KafkaStorageError, (await LogBench.AppendAsync(handle, new string('x', 8000))).Error);
        }

        Assert.True(await journal.SnapshotAsync(new ReadOnlySequence<byte>(new byte[5000]), journal.Handle.HighWatermark, Token));
        await bench.KillAsync();
        Assert.Equal(100, (await bench.OpenAsync(Journal)).HighWatermark.Value);
    }

    [Fact]
    public async Task On_a_full_disk_records_and_topics_can_be_deleted_and_their_space_is_producers_again()
    {
        await using var bench = await OnFullDiskAsync(wasKilled: false, "a", "b", "c");
        var handle = await bench.OpenAsync();

        Assert.Equal(ErrorCode.None, await bench.Log.MoveLogStartAsync(handle, new Offset(2), Token));
        await bench.Log.DeleteAsync(LogBench.PartitionOf(1), Token);
        Assert.Equal(2, handle.LogStart.Value);
        await bench.RestartAsync();
        Assert.Equal([2], await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    // Nothing that stands there may be touched before the journal is written anew (rule F8), and for that there is no place.
    [Theory, InlineData(false), InlineData(true)]
    public async Task Without_a_free_byte_and_without_a_reserve_the_start_says_how_much_to_free_and_changes_nothing(bool wasKilled)
    {
        await using var bench = await LogBench.StartedAsync(new FileLaneOptions { FileBytes = FileBytes, ReserveBytes = 64L * Limits.MiB });
        await LogBench.AppendDurablyAsync(await bench.OpenAsync(), "a", "b");
        if (!wasKilled) await bench.StopAsync();
        List<string> before = [];
        void Fill(SimulatedDisk disk)
        {
            disk.Delete(DiskReserve.FileName);
            disk.Capacity = disk.UsedBytes;
            before.AddRange(disk.AllFiles());
        }

        if (!wasKilled) Fill(bench.Disk);
        var refused = await Assert.ThrowsAsync<DataDirectoryException>(() => wasKilled ? bench.KillAsync(Fill) : bench.StartAsync());
        bench.GiveUpDirectory();

        Assert.Equal(before, bench.Disk.AllFiles());
        Assert.Contains(refused.Path, refused.Message, StringComparison.Ordinal);
        var freed = long.Parse(Regex.Match(refused.Message, "free (\\d+) MiB").Groups[1].Value, CultureInfo.InvariantCulture);
        bench.Disk.Capacity += freed * Limits.MiB;
        await bench.StartAsync();
        Assert.Equal([0, 1], await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    [Fact]
    public async Task Restarts_and_crashes_on_a_full_disk_do_not_use_up_the_reserve()
    {
        await using var bench = await OnFullDiskAsync(wasKilled: true, "a");
        var files = bench.Disk.AllFiles().Count;
        for (var life = 0; life < 20; life++)
        {
            var journal = new JournalPartition(await bench.OpenAsync(Journal), bench.Log.Journals);
            Assert.Equal(ErrorCode.None, (await journal.AppendAsync([new byte[1000]])).Error);
            if (life % 2 == 0) await bench.KillAsync();
            else await bench.RestartAsync();
        }

        Assert.InRange(bench.Disk.AllFiles().Count, 1, files + 22);
        Assert.Equal(20, (await bench.OpenAsync(Journal)).HighWatermark.Value);
        Assert.Equal([0], await LogBench.OffsetsAsync(await bench.OpenAsync()));
    }

    [Fact]
    public async Task The_reserve_is_taken_again_when_space_returns()
    {
        await using var bench = await OnFullDiskAsync(wasKilled: false, "a");
        Assert.True(bench.Disk.Contents(DiskReserve.FileName).Length < bench.Lane.ReserveBytes);
        bench.Disk.Capacity = long.MaxValue;

        await UntilAsync(bench, () => Task.FromResult(bench.Disk.Contents(DiskReserve.FileName).Length == bench.Lane.ReserveBytes));
    }

    [Fact]
    public async Task Tries_for_a_new_session_that_fail_write_one_record_and_not_one_each()
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        await LogBench.AppendDurablyAsync(handle, "a");
        var tries = 0;
        var records = 0;
        bench.Disk.Faults = call =>
        {
            if (call.Operation == DiskOperation.Write && call.Path.StartsWith("meta/", StringComparison.Ordinal)) records++;
            if (!call.Path.StartsWith("wal/", StringComparison.Ordinal) || call.Operation is not (DiskOperation.Create or DiskOperation.SyncData)) return DiskFault.None;
            if (call.Operation == DiskOperation.Create) tries++;
            return DiskFault.Fail;
        };

        Assert.NotEqual(ErrorCode.None, (await LogBench.AppendAsync(handle, "lost")).Error);
        await UntilAsync(bench, () => Task.FromResult(tries >= 10));

        // The end of the old session, the beginning of the new one, and after each of them the block that says so.
        Assert.InRange(records, 2, 4);
        bench.Disk.Faults = null;
        PartitionHandle? again = null;
        var opening = bench.OpenAsync();
        await UntilAsync(bench, () => Task.FromResult(opening.IsCompleted));
        again = await opening;
        await LogBench.AppendDurablyAsync(again, "b");
        Assert.Equal([0, 1], await LogBench.OffsetsAsync(again));
    }

    [Fact]
    public void Large_pieces_are_refused_and_leave_the_reserve_to_what_is_urgent()
    {
        var disk = new SimulatedDisk();
        var reserve = DiskReserve.Open(disk, 64L * Limits.MiB);
        disk.Capacity = 64L * Limits.MiB;
        var reserved = new ReservedDisk(disk, reserve);
        reserved.CreateDirectory("objects");
        using var file = reserved.Open("objects/a", DiskOpenMode.Write | DiskOpenMode.CreateNew);

        Assert.Throws<DiskFullException>(() => file.Reserve(DiskReserve.MaxPieceBytes + 1));
        Assert.Equal(64L * Limits.MiB, reserve.Bytes);
        file.Reserve(DiskReserve.MaxPieceBytes);
        Assert.Equal(56L * Limits.MiB, reserve.Bytes);
        for (var i = 1; i <= 7; i++) file.Write(i * DiskReserve.MaxPieceBytes, [new byte[DiskReserve.MaxPieceBytes]]);
        Assert.Equal(0, reserve.Bytes);
        Assert.Throws<DiskFullException>(() => file.Write(8 * DiskReserve.MaxPieceBytes, [new byte[1]]));
    }

    // Others take every byte that is left while the broker is down, or before it is killed.
    private static async Task<LogBench> OnFullDiskAsync(bool wasKilled, params string[] values)
    {
        var bench = await LogBench.StartedAsync(new FileLaneOptions { FileBytes = FileBytes, ReserveBytes = 64L * Limits.MiB });
        await LogBench.AppendDurablyAsync(await bench.OpenAsync(), values);
        await bench.OpenAsync(Journal);
        await bench.OpenAsync(LogBench.PartitionOf(1));
        if (wasKilled)
        {
            // What the dead process had reserved beyond its blocks is taken by others as soon as the next one gives it back.
            await bench.KillAsync(disk =>
            {
                disk.Capacity = disk.UsedBytes;
                disk.Observer = call => disk.Capacity = call.Operation is DiskOperation.Truncate or DiskOperation.Delete && call.Path.StartsWith("wal/", StringComparison.Ordinal) ? disk.UsedBytes : disk.Capacity;
            });
            bench.Disk.Observer = null;
        }
        else
        {
            await bench.StopAsync();
            bench.Disk.Capacity = bench.Disk.UsedBytes;
            await bench.StartAsync();
        }

        return bench;
    }

    private static async Task UntilAsync(LogBench bench, Func<Task<bool>> isSo)
    {
        while (!await isSo())
        {
            Token.ThrowIfCancellationRequested();
            bench.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }
}
