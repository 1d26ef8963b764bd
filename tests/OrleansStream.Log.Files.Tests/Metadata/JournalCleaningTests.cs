using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Files.Tests.Wal;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Lanes;
using static OrleansStream.Log.Files.Tests.Metadata.JournalUnderTest;

namespace OrleansStream.Log.Files.Tests.Metadata;

/// <summary>What a journal may forget, and everything that keeps it from that.</summary>
public sealed class JournalCleaningTests
{
    private readonly HashSet<PartitionId> _topics = [];
    private readonly HashSet<PartitionId> _opening = [];
    private SimulatedDisk _disk = new();

    [Fact]
    public void A_tombstone_of_a_topic_that_the_catalog_forgot_is_forgotten_and_not_in_the_next_file()
    {
        var journal = Start();
        journal.Write(Tombstone(0), null);
        var kept = journal.Write(ManifestOf(1, 1), null).ETag;

        // Frames of it may still stand in this life's lane, of which the next finds a session.
        Assert.Equal(0, Clean(journal));
        journal = Start(journal.Disk.CutPower(1));
        Assert.Equal(1, Clean(journal));
        Assert.Null(journal.Get(0));

        // Until a new file is written a restart finds it again.
        Assert.NotNull(Start(Copy(journal)).Get(0));
        for (var epoch = 2; epoch < 20; epoch++) kept = journal.Write(ManifestOf(1, epoch), kept).ETag;
        Assert.Null(Start(journal.Disk.CutPower(1)).Get(0));
    }

    [Theory, InlineData("catalog"), InlineData("list"), InlineData("opening"), InlineData("alive")]
    public void A_tombstone_that_is_still_asked_for_stays(string why)
    {
        var journal = Start();
        var tombstone = Tombstone(0);
        if (why == "catalog") _topics.Add(tombstone.Partition);
        if (why == "opening") _opening.Add(tombstone.Partition);
        if (why == "list") tombstone = tombstone with { PendingDelete = ["p/object"] };
        if (why == "alive") tombstone = tombstone with { Deleted = false };
        journal.Write(tombstone, null);
        journal = Start(journal.Disk.CutPower(1));

        Assert.Equal(0, Clean(journal));
        Assert.NotNull(journal.Scheduler.Run(async () => await journal.Journal.Manifests.GetAsync(tombstone.Partition, CancellationToken.None)));
    }

    // Rule R4: a session is closed because of the tombstones of what stands in it.
    [Fact]
    public void A_tombstone_stays_until_the_sessions_that_have_frames_of_the_partition_are_closed()
    {
        using var dead = new WalBench();
        dead.AppendBlocks(0, 3);
        _disk = dead.Disk.Kill();
        var journal = Start();
        var partition = LaneCalls.Partition(0);
        journal.Write(Tombstone(0) with { Partition = partition }, null);
        journal.Scheduler.Run(async () => await journal.Journal.Sessions.CompareAndSetAsync(new SessionRecord(dead.Session, SessionState.Open, Slot.Zero, null), null, CancellationToken.None));
        journal = Start(journal.Disk.CutPower(1));
        var recovery = Recover(journal);

        Assert.Equal(0, Clean(journal, recovery));
        journal.Scheduler.Run(async () =>
        {
            await recovery.CloseUnneededAsync(CancellationToken.None);
            return 0;
        });
        Assert.Equal(1, Clean(journal, recovery));
    }

    [Fact]
    public void The_record_of_a_closed_session_is_forgotten_in_the_life_after_the_one_that_closed_it_unless_a_manifest_names_it()
    {
        var journal = Start();
        SessionId[] sessions = [.. Enumerable.Range(0, 4).Select(number => new SessionId(new BrokerId(1), new Guid(number, 9, 9, new byte[8])))];
        foreach (var session in sessions) journal.Scheduler.Run(async () => await journal.Journal.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Closed, Slot.Zero, Slot.Zero), null, CancellationToken.None));
        journal.Write(ManifestOf(0, 1) with { Owner = sessions[0] }, null);
        journal.Write(ManifestOf(1, 1) with { Extents = [new WalExtent(sessions[1], Slot.Zero, Slot.Zero, Offset.Zero, Offset.Zero, 1, 0)] }, null);
        _topics.Add(Tombstone(2).Partition);
        journal.Write(Tombstone(2) with { Owner = sessions[2] }, null);
        Assert.Equal(0, Clean(journal));

        var next = Start(journal.Disk.CutPower(1));
        Assert.Equal(1, Clean(next));
        Assert.Equal(sessions[..3].ToHashSet(), [.. SessionsOf(next)]);
    }

    // A file without a record stops the next start.
    [Fact]
    public void The_record_of_a_closed_session_stays_while_one_of_its_files_does()
    {
        var journal = Start();
        var session = new SessionId(new BrokerId(1), Guid.NewGuid());
        journal.Scheduler.Run(async () => await journal.Journal.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Closed, Slot.Zero, Slot.Zero), null, CancellationToken.None));
        var next = Start(journal.Disk.CutPower(1));
        var recovery = Recover(next);
        using (next.Disk.Open(WalNames.PathOf(session, 0), Storage.DiskOpenMode.Write | Storage.DiskOpenMode.CreateNew))
        {
        }

        Assert.Equal(0, Clean(next, recovery));
        next.Disk.Delete(WalNames.PathOf(session, 0));
        Assert.Equal(1, Clean(next, recovery));
        Assert.Empty(SessionsOf(next));
    }

    private static Manifest Tombstone(int partition) => ManifestOf(partition, 1) with { Deleted = true, Epochs = [] };

    private static SimulatedDisk Copy(JournalUnderTest journal)
    {
        var copy = new SimulatedDisk();
        foreach (var path in journal.Disk.AllFiles())
        {
            copy.CreateDirectory(path[..path.IndexOf('/')]);
            using var file = copy.Open(path, Storage.DiskOpenMode.Write | Storage.DiskOpenMode.CreateNew);
            file.Write(0, [journal.Disk.Contents(path)]);
            file.SyncData();
        }

        return copy;
    }

    private static List<SessionId> SessionsOf(JournalUnderTest journal) => journal.Scheduler.Run(async () =>
    {
        var sessions = new List<SessionId>();
        await foreach (var stored in journal.Journal.Sessions.ListAsync(CancellationToken.None)) sessions.Add(stored.Record.Session);
        return sessions;
    });

    private JournalUnderTest Start(SimulatedDisk? disk = null)
    {
        _disk = disk ?? _disk;
        _disk.CreateDirectory("wal");
        return new JournalUnderTest(_disk, minRotationBytes: 4096);
    }

    private FileLaneRecovery Recover(JournalUnderTest journal) => journal.Scheduler.Run(() => FileLaneRecovery.StartAsync(
        new FileLaneRecoverySetup
        {
            Disk = journal.Disk, Sessions = journal.Journal.Sessions, Manifests = journal.Journal.Manifests, Files = new WalFiles(), Scheduler = journal.Scheduler, Time = journal.Time, ReadGrace = TimeSpan.Zero,
        },
        CancellationToken.None));

    // The catalog's owner may be away: what was not done is not put off for an hour.
    [Fact]
    public void A_run_that_failed_is_tried_again_at_once_and_one_that_succeeded_after_an_hour()
    {
        var journal = Start();
        journal.Write(Tombstone(0), null);
        journal = Start(journal.Disk.CutPower(1));
        var (asked, isAway) = (0, true);
        var cleaning = Cleaning(journal, Recover(journal), _ =>
        {
            asked++;
            return isAway ? throw new TimeoutException("away") : true;
        });
        void Run() => journal.Scheduler.Run(async () =>
        {
            await cleaning.RunIfDueAsync(CancellationToken.None);
            return 0;
        });

        Assert.Throws<TimeoutException>(Run);
        isAway = false;
        Run();
        Run();

        Assert.Equal(2, asked);
    }

    // Applied by the journal's own thread, so a moment later.
    private int Clean(JournalUnderTest journal, FileLaneRecovery? recovery = null)
    {
        var cleaning = Cleaning(journal, recovery ?? Recover(journal), _topics.Contains);
        var cleaned = journal.Scheduler.Run(() => cleaning.RunAsync(CancellationToken.None));
        journal.Scheduler.RunUntilIdle();
        return cleaned;
    }

    private JournalCleaning Cleaning(JournalUnderTest journal, FileLaneRecovery recovery, Func<PartitionId, bool> knows) =>
        new(new JournalCleaningParts
        {
            Journal = journal.Journal,
            Recovery = recovery,
            Disk = journal.Disk,
            Scheduler = journal.Scheduler,
            IsOpening = _opening.Contains,
            ConfirmTopic = (partition, _) => ValueTask.FromResult(knows(partition)),
            Time = journal.Time,
        });
}
