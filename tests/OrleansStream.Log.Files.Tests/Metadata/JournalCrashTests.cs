using OrleansStream.Log.Files.Metadata;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Disks;
using static OrleansStream.Log.Files.Tests.Metadata.JournalUnderTest;

namespace OrleansStream.Log.Files.Tests.Metadata;

public class JournalCrashTests
{
    // Every write point of a run with rotations in it, each with several outcomes of the cut, and a second cut at every write point of the restart.
    [Fact]
    public void A_power_cut_at_any_write_point_loses_nothing_that_was_acknowledged()
    {
        var total = WritePointsOfRun();
        for (var point = 1L; point <= total; point++)
        {
            var disk = new SimulatedDisk { StopAtWritePoint = point };
            var acknowledged = RunUntilStopped(disk);
            for (var seed = 0; seed < 8; seed++)
            {
                var left = disk.CutPower(seed);
                left.StopAtWritePoint = seed + 1;
                var second = Restart(left, acknowledged) ? left : left.CutPower(seed * 31);
                Assert.True(Restart(second.IsStopped ? second.CutPower(seed) : second.CutPower(seed + 7), acknowledged), $"point {point}, seed {seed}");
            }
        }
    }

    [Fact]
    public void Kill_and_then_a_power_cut_takes_nothing_back_that_a_restart_answered()
    {
        var total = WritePointsOfRun();
        for (var point = 1L; point <= total; point++)
        {
            var disk = new SimulatedDisk { StopAtWritePoint = point };
            RunUntilStopped(disk);
            var killed = disk.Kill();
            var seen = new JournalUnderTest(killed);
            var epochs = Enumerable.Range(0, Partitions).Select(i => seen.Get(i)?.Manifest.Epoch.Value ?? -1).ToArray();
            for (var seed = 0; seed < 8; seed++) Assert.True(Restart(killed.CutPower(seed), epochs));
        }
    }

    [Fact]
    public void Every_prefix_of_the_last_write_is_a_torn_tail_and_no_damage()
    {
        var disk = new SimulatedDisk { RemembersLastWrite = true };
        var journal = new JournalUnderTest(disk);
        var first = journal.Write(ManifestOf(0, 1), null);
        disk.Faults = call => call.Operation == DiskOperation.SyncData ? DiskFault.Fail : DiskFault.None;
        var stop = disk.WritePoints + 2;
        disk.StopAtWritePoint = stop;
        var second = journal.Begin(ManifestOf(0, 2), first.ETag);
        journal.Scheduler.RunUntilIdle();
        Assert.True(disk.IsStopped);
        Assert.False(IsWritten(second));

        for (var kept = 0; kept <= disk.LastWriteBytes; kept++)
        {
            var epoch = new JournalUnderTest(disk.CutPowerInLastWrite(kept)).Get(0)!.Manifest.Epoch.Value;
            Assert.True(epoch is 1 or 2, $"{kept} bytes kept: epoch {epoch}");
        }
    }

    [Fact]
    public void Damage_to_any_acknowledged_byte_stops_the_start_and_names_file_byte_and_record()
    {
        var disk = new SimulatedDisk();
        var journal = new JournalUnderTest(disk);
        for (var i = 0; i < 3; i++) journal.Write(ManifestOf(i, 1), null);
        journal.Time.Advance(TimeSpan.FromMilliseconds(50));
        journal.Scheduler.RunUntilIdle();
        var path = disk.AllFiles().Single();
        var left = disk.CutPowerKeepingAll();
        var used = LastUsedByte(left.Contents(path));
        var lastBlock = used / 4096 * 4096;

        // Every byte of the headers and payloads, and a step through the padding; the empty witness at the end acknowledges nothing itself.
        for (var position = 0; position < lastBlock; position += position % 4096 < 400 ? 1 : 61)
        {
            var victim = left.CutPowerKeepingAll();
            victim.Flip(path, position);
            var error = Assert.Throws<CorruptBlockException>(() => new JournalUnderTest(victim));
            Assert.Equal(path, error.Location);
            Assert.Equal(position / 4096 * 4096, error.Position);
            Assert.True(position < 4096 || error.Message.Contains("record", StringComparison.Ordinal));
        }
    }

    private const int Partitions = 3;

    private static long WritePointsOfRun()
    {
        var disk = new SimulatedDisk();
        RunUntilStopped(disk);
        return disk.WritePoints;
    }

    private static bool IsWritten(Task<ManifestWrite> write) => write.IsCompletedSuccessfully && write.Result.Outcome == ManifestOutcome.Written;

    private static int[] RunUntilStopped(SimulatedDisk disk)
    {
        var acknowledged = Enumerable.Repeat(-1, Partitions).ToArray();
        try
        {
            var journal = new JournalUnderTest(disk, minRotationBytes: 16 * 1024);
            var etags = new ETag?[Partitions];
            for (var epoch = 0; epoch < 6; epoch++)
            {
                var writes = Enumerable.Range(0, Partitions).Select(i => journal.Begin(ManifestOf(i, epoch), etags[i])).ToList();
                journal.Scheduler.RunUntilIdle();
                for (var i = 0; i < Partitions; i++)
                {
                    if (!IsWritten(writes[i])) return acknowledged;
                    etags[i] = writes[i].Result.ETag;
                    acknowledged[i] = epoch;
                }

                journal.Time.Advance(TimeSpan.FromMilliseconds(50));
                journal.Scheduler.RunUntilIdle();
            }
        }
        catch (SimulatedCrashException)
        {
        }

        return acknowledged;
    }

    // False if the machine stopped again before the journal was open.
    private static bool Restart(SimulatedDisk disk, int[] atLeast)
    {
        try
        {
            var journal = new JournalUnderTest(disk);
            for (var i = 0; i < Partitions; i++)
            {
                var found = journal.Get(i)?.Manifest.Epoch.Value ?? -1;
                Assert.True(found >= atLeast[i] && found <= atLeast[i] + 1, $"partition {i}: epoch {found}, acknowledged {atLeast[i]}");
            }

            return true;
        }
        catch (SimulatedCrashException)
        {
            return false;
        }
    }

    private static int LastUsedByte(byte[] bytes)
    {
        var last = bytes.Length - 1;
        while (bytes[last] == 0) last--;
        return last;
    }
}
