using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Disks;
using static OrleansStream.Log.Files.Tests.Metadata.JournalUnderTest;

namespace OrleansStream.Log.Files.Tests.Metadata;

/// <summary>What no disk should do, and a journal must survive: nobody may wait for ever.</summary>
public class JournalFailureTests
{
    [Theory, InlineData(DiskOperation.Write), InlineData(DiskOperation.SyncData), InlineData(DiskOperation.Create), InlineData(DiskOperation.Rename)]
    public async Task A_failure_of_any_kind_in_a_commit_is_answered_and_later_writes_go_on(DiskOperation broken)
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk, minRotationBytes: 4096);
        var etag = journal.Write(ManifestOf(0, 1), null).ETag;
        for (var epoch = 2; epoch < 5; epoch++) etag = journal.Write(ManifestOf(0, epoch), etag).ETag;
        disk.Faults = call => call.Operation == broken ? throw new InvalidOperationException("Nobody expects this.") : DiskFault.None;

        var write = journal.Begin(ManifestOf(0, 5), etag);
        var other = journal.Begin(ManifestOf(1, 1), null);
        journal.Scheduler.RunUntilIdle();
        Assert.True(write.IsCompleted && other.IsCompleted);
        disk.Faults = null;
        if ((await write).Outcome == ManifestOutcome.Unknown) Assert.Equal(ManifestOutcome.Written, journal.Write(ManifestOf(0, 5), etag).Outcome);
        if ((await other).Outcome == ManifestOutcome.Unknown) Assert.Equal(ManifestOutcome.Written, journal.Write(ManifestOf(1, 1), null).Outcome);
        Assert.Equal(ManifestOutcome.Conflict, journal.Write(ManifestOf(0, 5), etag).Outcome);
        Assert.Equal(ManifestOutcome.Conflict, journal.Write(ManifestOf(1, 1), null).Outcome);
        for (var seed = 0; seed < 10; seed++) Assert.Equal(5, new JournalUnderTest(disk.CutPower(seed)).Get(0)!.Manifest.Epoch.Value);
    }

    [Fact]
    public void A_failure_of_any_kind_while_the_end_is_published_keeps_no_later_write_waiting()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        journal.Write(ManifestOf(0, 1), null);
        disk.Faults = static _ => throw new InvalidOperationException("Nobody expects this.");
        journal.Time.Advance(TimeSpan.FromMilliseconds(60));
        journal.Scheduler.RunUntilIdle();
        disk.Faults = null;

        Assert.Equal(ManifestOutcome.Written, journal.Write(ManifestOf(1, 1), null).Outcome);
    }

    // Rule F3: the reserved space of the file may end behind the last group, and the empty block must still have its place.
    [Fact]
    public void F3_damage_to_the_last_group_is_found_wherever_the_reserved_space_ends()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk, minRotationBytes: long.MaxValue / 4);
        for (var partition = 0; partition < 300; partition++)
        {
            journal.Write(ManifestOf(partition, 1), null);
            var path = disk.AllFiles().Single();
            var written = disk.Contents(path).AsSpan().LastIndexOfAnyExcept((byte)0) / 4096 * 4096;
            if (partition < 250) continue;
            journal.Time.Advance(TimeSpan.FromMilliseconds(60));
            journal.Scheduler.RunUntilIdle();
            var damaged = Copy(disk);
            damaged.Flip(path, written + 100);
            Assert.Throws<CorruptBlockException>(() => new JournalUnderTest(damaged));
        }
    }

    private static SimulatedDisk Copy(SimulatedDisk disk)
    {
        var copy = new SimulatedDisk();
        copy.CreateDirectory("meta");
        foreach (var path in disk.AllFiles())
        {
            using var file = copy.Open(path, DiskOpenMode.Write | DiskOpenMode.CreateNew);
            file.Write(0, [disk.Contents(path)]);
            file.SyncData();
        }

        copy.SyncDirectory("meta");
        return copy;
    }
}
