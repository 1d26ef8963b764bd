using System.Globalization;
using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Disks;
using static OrleansStream.Log.Files.Tests.Metadata.JournalUnderTest;

namespace OrleansStream.Log.Files.Tests.Metadata;

public class MetadataJournalTests
{
    [Fact]
    public void A_manifest_is_created_once_and_then_replaced_only_by_who_read_the_newest()
    {
        var journal = new JournalUnderTest(new SimulatedDisk());

        var created = journal.Write(ManifestOf(0, 1), null);
        Assert.Equal(ManifestOutcome.Written, created.Outcome);
        Assert.Equal(ManifestOutcome.Conflict, journal.Write(ManifestOf(0, 2), null).Outcome);
        var replaced = journal.Write(ManifestOf(0, 2), created.ETag);
        Assert.Equal(ManifestOutcome.Written, replaced.Outcome);
        Assert.Equal(ManifestOutcome.Conflict, journal.Write(ManifestOf(0, 3), created.ETag).Outcome);
        Assert.Equal(2, journal.Get(0)!.Manifest.Epoch.Value);
        Assert.Equal(replaced.ETag, journal.Get(0)!.ETag);
        Assert.Null(journal.Get(1));
    }

    [Fact]
    public async Task Writes_that_wait_together_share_one_sync()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        var syncs = 0;
        disk.Observer = call => syncs += call.Operation == DiskOperation.SyncData ? 1 : 0;

        var writes = Enumerable.Range(0, 100).Select(i => journal.BeginNow(ManifestOf(i, 1), null)).ToList();
        journal.Scheduler.RunUntilIdle();

        Assert.All(await Task.WhenAll(writes), write => Assert.Equal(ManifestOutcome.Written, write.Outcome));
        Assert.Equal(1, syncs);
    }

    [Fact]
    public async Task Of_two_waiting_writes_of_one_partition_the_first_wins()
    {
        var journal = new JournalUnderTest(new SimulatedDisk());
        var first = journal.BeginNow(ManifestOf(0, 1), null);
        var second = journal.BeginNow(ManifestOf(0, 2), null);

        journal.Scheduler.RunUntilIdle();

        Assert.Equal(ManifestOutcome.Written, (await first).Outcome);
        Assert.Equal(ManifestOutcome.Conflict, (await second).Outcome);
    }

    [Fact]
    public void Everything_comes_back_after_a_restart_and_versions_go_on()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        var created = journal.Write(ManifestOf(7, 3), null);
        var session = new SessionRecord(new SessionId(new BrokerId(2), Guid.NewGuid()), SessionState.Fencing, new Slot(4), new Slot(9));
        journal.Scheduler.Run(async () => await journal.Journal.Sessions.CompareAndSetAsync(session, null, CancellationToken.None));

        var again = new JournalUnderTest(disk.CutPower(1));

        Assert.Equal(created.ETag, again.Get(7)!.ETag);
        Assert.Equal(session, again.Scheduler.Run(async () => await again.Journal.Sessions.GetAsync(session.Session, CancellationToken.None))!.Record);
        var next = again.Write(ManifestOf(7, 4), created.ETag);
        Assert.True(long.Parse(next.ETag.Value, CultureInfo.InvariantCulture) > long.Parse(created.ETag.Value, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_log_that_outgrew_its_snapshot_goes_on_in_a_new_file()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk, minRotationBytes: 64 * 1024);
        ETag? etag = null;
        for (var epoch = 0; epoch < 100; epoch++) etag = journal.Write(ManifestOf(0, epoch), etag).ETag;

        Assert.Single(disk.AllFiles(), path => path.StartsWith("meta/", StringComparison.Ordinal));
        Assert.True(disk.Contents(disk.AllFiles().Single()).Length < 2 * 1024 * 1024);
        Assert.Equal(99, new JournalUnderTest(disk.CutPower(3)).Get(0)!.Manifest.Epoch.Value);
    }

    [Fact]
    public void A_failed_sync_is_not_tried_again_on_its_file_and_the_write_still_succeeds_in_the_next()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        var failures = 1;
        disk.Faults = call => call.Operation == DiskOperation.SyncData && failures-- > 0 ? DiskFault.Fail : DiskFault.None;

        Assert.Equal(ManifestOutcome.Written, journal.Write(ManifestOf(0, 1), null).Outcome);

        for (var seed = 0; seed < 20; seed++) Assert.Equal(1, new JournalUnderTest(disk.CutPower(seed)).Get(0)!.Manifest.Epoch.Value);
    }

    [Fact]
    public void A_disk_that_goes_on_failing_leaves_a_write_unknown_until_it_is_sent_again()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        var created = journal.Write(ManifestOf(0, 1), null);
        disk.Faults = call => call.Operation == DiskOperation.SyncData ? DiskFault.Fail : DiskFault.None;
        Assert.Equal(ManifestOutcome.Unknown, journal.Write(ManifestOf(0, 2), created.ETag).Outcome);
        Assert.Equal(1, journal.Get(0)!.Manifest.Epoch.Value);

        disk.Faults = null;

        Assert.Equal(ManifestOutcome.Written, journal.Write(ManifestOf(0, 2), created.ETag).Outcome);
        Assert.Equal(2, new JournalUnderTest(disk.CutPower(5)).Get(0)!.Manifest.Epoch.Value);
    }

    [Fact]
    public void A_full_disk_refuses_a_write_for_certain_and_takes_it_when_space_returns()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        disk.Capacity = disk.Contents(disk.AllFiles().Single()).Length;
        var big = ManifestOf(0, 1) with { PendingDelete = [.. Enumerable.Range(0, 40).Select(_ => new string('x', 60_000))] };
        var refused = journal.Begin(big, null);
        journal.Scheduler.RunUntilIdle();
        Assert.IsType<DiskFullException>(refused.Exception!.InnerException);

        disk.Capacity = long.MaxValue;

        Assert.Equal(ManifestOutcome.Written, journal.Write(big, null).Outcome);
    }

    [Fact]
    public void A_successor_file_that_may_have_its_name_takes_over_even_if_its_directory_sync_failed()
    {
        // The old file must take nothing more: a restart could read the new one, which would not have it.
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk, minRotationBytes: 4096);
        var etag = journal.Write(ManifestOf(0, 1), null).ETag;
        for (var epoch = 2; epoch < 6; epoch++) etag = journal.Write(ManifestOf(0, epoch), etag).ETag;
        var failures = 1;
        disk.Faults = call => call.Operation == DiskOperation.SyncDirectory && failures-- > 0 ? DiskFault.Fail : DiskFault.None;
        for (var epoch = 6; epoch < 12; epoch++) etag = journal.Write(ManifestOf(0, epoch), etag).ETag;

        Assert.True(failures < 1);
        for (var seed = 0; seed < 40; seed++) Assert.Equal(11, new JournalUnderTest(disk.CutPower(seed)).Get(0)!.Manifest.Epoch.Value);
    }

    [Fact]
    public async Task Ten_thousand_manifests_are_claimed_at_once_on_a_thread_of_the_journal()
    {
        using var thread = new DedicatedThreadScheduler("journal");
        var disk = new SimulatedDisk();
        disk.CreateDirectory("meta");
        await using var journal = MetadataJournal.Open(disk, new MetadataJournalOptions { Scheduler = thread });

        var writes = Enumerable.Range(0, 10_000).Select(i => journal.Manifests.CompareAndSetAsync(ManifestOf(i, 1), null, TestContext.Current.CancellationToken).AsTask());
        var outcomes = await Task.WhenAll(writes);

        Assert.All(outcomes, outcome => Assert.Equal(ManifestOutcome.Written, outcome.Outcome));
    }
}
