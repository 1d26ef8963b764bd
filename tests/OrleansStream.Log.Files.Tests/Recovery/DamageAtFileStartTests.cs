using System.Collections.Immutable;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Tests.Brokers;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Log.Files.Tests.Recovery;

/// <summary>The first page of a file that is not the first of its session is lost: it is told of where it is, not at the end of the file before it.</summary>
public sealed class DamageAtFileStartTests : IDisposable
{
    private const int PageBytes = Limits.BlockAlignment;

    // Nothing runs apart but what prepares the next file: a process may be killed before it has written a footer.
    private readonly List<Action> _apart = [];
    private readonly WalBench _bench;
    private readonly List<WalFile> _files;
    private readonly SimulatedDisk _left;

    // One full file without a footer, and two blocks in the next.
    public DamageAtFileStartTests()
    {
        _bench = new WalBench(
            new FileLaneOptions { FileBytes = 2 * Limits.MiB, BlockBytes = 64 * Limits.KiB, ReserveBytes = 0, ZeroAhead = false }, runApart: _apart.Add, largestBlockBytes: 256 * Limits.KiB);
        _apart[0]();
        for (var i = 0; _bench.Files.Of(_bench.Session).Count < 2; i++) _bench.AppendBlocks(i, 1, length: 28_000);
        _bench.AppendBlocks(_bench.Extents()[^1].LastOffset.Value + 1, 1, length: 100);
        _files = [.. _bench.Files.Of(_bench.Session)];
        _left = _bench.Disk.Kill();
        Wipe(_left, _files[1].Path);
    }

    // Each block holds one frame of one offset.
    private Offset OffsetAtStart => new(_files[1].FirstSlot.Value);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _bench.Dispose();

    // The file before it was cut behind its last block when the end was recorded. Nothing but the manifest of whoever claimed from it tells what is missing.
    [Fact]
    public async Task Damage_at_the_start_of_a_recorded_session_s_last_file_is_named_with_its_offsets()
    {
        using (var file = _left.Open(_files[0].Path, DiskOpenMode.Write)) file.Truncate(_files[0].EndPosition);
        using (var file = _left.Open(_files[1].Path, DiskOpenMode.Write)) file.Truncate(PageBytes);
        var end = _files[1].FirstSlot.Next;
        var last = _bench.Extents().First(extent => extent.LastSlot >= _files[1].FirstSlot);

        var found = await Assert.ThrowsAsync<CorruptBlockException>(() => RecoverAsync(end, last));
        Assert.Equal((_files[1].Path, 0L), (found.Location, found.Position));
        Assert.Contains($"all before it stands in '{_files[0].Path}', up to byte {_files[0].EndPosition}", found.Message, StringComparison.Ordinal);
        Assert.Contains($"Partition {_bench.Partition.Partition}: offsets {OffsetAtStart} to {last.LastOffset} are missing.", found.Message, StringComparison.Ordinal);
    }

    // Behind the last block of the file before it there is room for one more. That nothing is missing but one block, and the next one stands at the second
    // place of its file, tells that it was not there.
    [Theory, InlineData(true), InlineData(false)]
    public async Task Damage_at_the_start_of_a_file_is_named_though_the_file_before_it_has_no_footer(bool isRecorded)
    {
        var found = await Assert.ThrowsAsync<CorruptBlockException>(() => RecoverAsync(isRecorded ? _files[1].EndSlot : null));
        Assert.Equal((_files[1].Path, 0L), (found.Location, found.Position));
        Assert.Contains($"Partition {_bench.Partition.Partition}: offsets {OffsetAtStart} to {OffsetAtStart} are missing.", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_whose_last_block_is_damaged_too_is_named_first()
    {
        Assert.True(_files[0].TryFind(new Slot(_files[0].EndSlot.Value - 1), out var position, out _));
        Wipe(_left, _files[0].Path, position);

        var found = await Assert.ThrowsAsync<CorruptBlockException>(() => RecoverAsync(end: null));
        Assert.Equal((_files[0].Path, position), (found.Location, found.Position));
        Assert.Contains($"nor does the first block of '{_files[1].Path}'", found.Message, StringComparison.Ordinal);
    }

    // Verification reads blocks and not footers, but believes one that it has come to the end of the file's blocks.
    [Theory, InlineData(true), InlineData(false)]
    public async Task Verification_and_a_start_name_the_same_place_behind_a_file_with_a_footer(bool verifies)
    {
        await using var bench = await LogBench.StartedAsync();
        var handle = await bench.OpenAsync();
        var value = new string('x', 900_000);
        for (var i = 0; i < 40; i++) await LogBench.AppendDurablyAsync(handle, value);
        await bench.StopAsync();
        var path = bench.Disk.ListFiles("wal").Select(static name => "wal/" + name).Order(StringComparer.Ordinal).ElementAt(1);
        Wipe(bench.Disk, path);

        var (location, position, detail) = verifies ? await VerifyAsync(bench) : await StartAsync(bench);
        Assert.Equal((path, 0L), (location, position));
        Assert.Matches($"Partition {LogBench.Partition}: offsets [0-9]+ to [0-9]+ are missing", detail);
    }

    private static void Wipe(SimulatedDisk disk, string path, long position = 0)
    {
        using var file = disk.Open(path, DiskOpenMode.Write);
        file.Write(position, [new byte[PageBytes]]);
    }

    private static async Task<(string, long, string)> VerifyAsync(LogBench bench)
    {
        var finding = Assert.Single(await new DataDirectoryVerifier(bench.Disk, TaskScheduler.Default).VerifyAsync(Token));
        return (finding.File, finding.Position, finding.What);
    }

    private static async Task<(string, long, string)> StartAsync(LogBench bench)
    {
        var error = await Assert.ThrowsAsync<CorruptBlockException>(bench.StartAsync);
        bench.GiveUpDirectory();
        return (error.Location, error.Position, error.Detail);
    }

    private async Task RecoverAsync(Slot? end, WalExtent? claimed = null)
    {
        var sessions = new MemorySessionStore();
        await sessions.CompareAndSetAsync(new SessionRecord(_bench.Session, SessionState.Open, Slot.Zero, end), null, Token);
        var manifests = new MemoryManifestStore();
        if (claimed is not null)
        {
            var manifest = new Manifest
            {
                Partition = _bench.Partition.Partition, Epoch = new LeaderEpoch(1), Owner = new SessionId(new BrokerId(1), Guid.NewGuid()), Extents = ImmutableArray.Create<Extent>(claimed), Nonce = Guid.NewGuid(),
            };
            await manifests.CompareAndSetAsync(manifest, null, Token);
        }

        using var oneThread = new DedicatedThreadScheduler("test");
        await FileLaneRecovery.StartAsync(
            new FileLaneRecoverySetup { Disk = _left, Sessions = sessions, Manifests = manifests, Files = new WalFiles(), Scheduler = oneThread, Time = _bench.Time }, Token);
    }
}
