using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Files.Tests.Recovery;

/// <summary>A gap in the numbers of a session's files: lost above the trim point, deleted below it.</summary>
public sealed class MissingFileTests : IDisposable
{
    private readonly WalBench _bench = new(
        new FileLaneOptions { FileBytes = 2 * Limits.MiB, BlockBytes = 64 * Limits.KiB, ReserveBytes = 0, ZeroAhead = false }, largestBlockBytes: 256 * Limits.KiB);
    private readonly List<WalFile> _files;
    private readonly SimulatedDisk _left;

    // Two full files, and one block in the third.
    public MissingFileTests()
    {
        for (var i = 0; _bench.Files.Of(_bench.Session).Count < 3; i++) _bench.AppendBlocks(i, 1, length: 30_000);
        _files = [.. _bench.Files.Of(_bench.Session)];
        _left = _bench.Disk.Kill();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    // The file before it ends at the trim point, so it says nothing of what should follow; that the third was made does.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_file_that_is_missing_at_the_trim_point_stops_the_start_and_is_named(bool hasNextBlock)
    {
        _left.Delete(_files[1].Path);
        if (!hasNextBlock) Wipe(_files[2]);

        var found = await Assert.ThrowsAsync<CorruptBlockException>(() => RecoverAsync(_files[0].EndSlot));
        Assert.Equal((_files[1].Path, 0L), (found.Location, found.Position));
        Assert.Contains("missing", found.Message, StringComparison.Ordinal);
    }

    // Deletes keep no order over a power cut: an older file may be there again, and the newest block torn.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_file_that_is_missing_below_the_trim_point_was_deleted(bool hasNextBlock)
    {
        _left.Delete(_files[1].Path);
        if (!hasNextBlock) Wipe(_files[2]);

        var session = await RecoverAsync(_files[1].EndSlot);
        Assert.Equal(hasNextBlock ? _bench.Lane.PublishedEnd : _files[1].EndSlot, session.End);
        Assert.Equal(hasNextBlock ? 1 : 0, session.FramesOf(LaneCalls.Partition(0)).Count);
    }

    private void Wipe(WalFile file)
    {
        using var disk = _left.Open(file.Path, DiskOpenMode.Write);
        disk.Write(0, [new byte[file.EndPosition]]);
    }

    private async Task<RecoveredSession> RecoverAsync(Slot trimPoint)
    {
        var sessions = new MemorySessionStore();
        await sessions.CompareAndSetAsync(new SessionRecord(_bench.Session, SessionState.Open, trimPoint, null), null, Token);
        using var oneThread = new DedicatedThreadScheduler("test");
        var recovery = await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = _left, Sessions = sessions, Manifests = new MemoryManifestStore(), Files = new WalFiles(), Scheduler = oneThread, Time = _bench.Time }, Token);
        return Assert.Single(recovery.Sessions);
    }
}
