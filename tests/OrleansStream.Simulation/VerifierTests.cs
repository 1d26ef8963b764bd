using OrleansStream.Log.Verification;
using OrleansStream.Log.Files.Verification;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Simulation;

public class VerifierTests
{
    [Fact]
    public void A_whole_directory_has_no_findings_and_is_not_touched()
    {
        var disk = Written();
        var before = disk.WritePoints;
        Assert.Empty(Verify(disk));
        Assert.Equal(before, disk.WritePoints);
    }

    [Theory]
    [InlineData("identity", 0)]
    [InlineData("meta/", 0)]
    [InlineData("meta/", 4096)]
    [InlineData("wal/", 0)]
    [InlineData("wal/", 4200)]
    public void A_damaged_byte_is_found_in_its_file(string start, long position)
    {
        var disk = Written();
        var path = disk.AllFiles().First(file => file.StartsWith(start, StringComparison.Ordinal));
        disk.Flip(path, position, mask: 0x40);
        Assert.Contains(Verify(disk), finding => finding.File == path);
    }

    [Fact]
    public void A_missing_file_is_found()
    {
        var disk = Written();
        disk.Delete(disk.AllFiles().First(file => file.StartsWith("wal/", StringComparison.Ordinal)));
        Assert.NotEmpty(Verify(disk));
    }

    private static IReadOnlyList<Finding> Verify(SimulatedDisk disk)
    {
        var scheduler = new SeededScheduler(1);
        return scheduler.Run(() => new DataDirectoryVerifier(disk, scheduler).VerifyAsync(CancellationToken.None));
    }

    // Two sessions: the first is ended and claimed from, the second ends here.
    private static SimulatedDisk Written()
    {
        var script = new Script(new SimulatedDisk());
        script.Start();
        for (var life = 0; life < 2; life++)
        {
            for (var i = 0; i < 3; i++)
            {
                script.Append(0);
                script.Append(1);
                script.Settle();
            }

            script.Rest();
            if (life == 0) script.Restart(script.Disk.CutPowerKeepingAll());
        }

        return script.Disk.CutPowerKeepingAll();
    }
}
