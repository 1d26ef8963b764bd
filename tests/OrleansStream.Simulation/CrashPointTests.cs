using OrleansStream.Log.Storage;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation;

/// <summary>What seeds might miss is enumerated: every write point of a run, every byte of a torn tail, damage to every acknowledged block.</summary>
public class CrashPointTests
{
    [Fact]
    public void A_stop_at_any_write_point_and_a_second_one_in_the_recovery_lose_nothing()
    {
        var counting = new SimulatedDisk();
        Run(new Script(counting));
        Assert.True(counting.WritePoints > 40);
        for (var point = 1L; point <= counting.WritePoints; point++)
        {
            for (var seed = 0; seed < 3; seed++)
            {
                var script = new Script(new SimulatedDisk { StopAtWritePoint = point });
                TryRun(script);
                var left = seed == 0 ? script.Disk.Kill() : script.Disk.CutPower(seed);
                left.StopAtWritePoint = left.WritePoints + 1 + ((point * 3) + seed) % 20;
                if (!TryRestart(script, left)) script.Restart(left.CutPower(seed + 100), seed);
                script.Restart(script.Disk.CutPower(seed + 200), seed + 10);
            }
        }
    }

    [Fact]
    public void Every_prefix_of_the_last_block_is_a_torn_tail()
    {
        var script = new Script(new SimulatedDisk { RemembersLastWrite = true });
        script.Start();
        script.Append(0);
        script.Rest();
        script.Disk.StopAtWritePoint = script.Disk.WritePoints + 2;
        script.Append(0);
        script.Append(1, valueBytes: 300);
        script.Settle();
        Assert.True(script.Disk.IsStopped);
        var cut = script.Disk;

        // Behind the used bytes only zeros follow, of which a few stand for all.
        for (var kept = 0; kept <= cut.LastWriteBytes; kept += kept < 1000 ? 1 : 517)
        {
            var left = cut.CutPowerInLastWrite(kept);
            var again = script.Fork(left);
            again.Start();
            Assert.True(again.Logs[0].HighWatermark is 2 or 4, $"{kept} bytes kept: {again.Logs[0].HighWatermark}");
            Assert.Equal(again.Logs[0].HighWatermark == 4 ? 2 : 0, again.Logs[1].HighWatermark);
        }
    }

    [Fact]
    public void Damage_to_an_acknowledged_block_stops_the_start_with_file_byte_and_offsets()
    {
        var (script, path, end) = Written();
        var whole = script.Disk.CutPowerKeepingAll();
        for (var position = 0; position < end; position += position % 4096 < 700 ? 13 : 911)
        {
            var damaged = whole.CutPowerKeepingAll();
            damaged.Flip(path, position, mask: 0x10);
            var error = Assert.Throws<CorruptBlockException>(() => new Script(damaged).Start());
            Assert.Equal(path, error.Location);
            Assert.Equal(position / 4096 * 4096, error.Position);
            Assert.Contains("offsets", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Without_the_durable_end_in_headers_the_same_damage_would_pass_for_a_torn_tail()
    {
        // The mutant "no durable-end check": this schedule finds it.
        var (script, path, _) = Written(() => new Mutants.Mutants.StoreMutation(store => new Mutants.MutantStore(store) { HidesDurableEnd = true }));
        var damaged = script.Disk.CutPowerKeepingAll();
        damaged.Flip(path, 4096);
        Assert.Throws<ViolationException>(() => script.Restart(damaged));
    }

    private static (Script Script, string Path, int End) Written(Func<Brokers.Mutation>? mutation = null)
    {
        var script = new Script(new SimulatedDisk(), mutation);
        script.Start();
        for (var i = 0; i < 4; i++)
        {
            script.Append(0);
            script.Append(1);
            script.Settle();
        }

        // Three blocks that are known durable by the fourth.
        script.Append(0);
        script.Append(1);
        script.Settle();
        return (script, script.Disk.AllFiles().First(file => file.StartsWith("wal/", StringComparison.Ordinal)), 3 * 4096);
    }

    private static void Run(Script script)
    {
        script.Start();
        for (var i = 0; i < 4; i++)
        {
            script.Append(0);
            script.Append(1, valueBytes: 1500);
            script.Settle();
        }

        script.OpenAndCheck(script.Logs[0]);
        script.Append(0);
        script.Rest();
        for (var i = 0; i < 30; i++)
        {
            script.Append(1, valueBytes: 2500);
            script.Settle();
        }

        script.OpenAndCheck(script.Logs[1]);
    }

    private static void TryRun(Script script)
    {
        try
        {
            Run(script);
        }
        catch (Exception error) when (error is not ViolationException && script.Disk.IsStopped)
        {
        }
    }

    private static bool TryRestart(Script script, SimulatedDisk disk)
    {
        try
        {
            script.Restart(disk);
            return !disk.IsStopped;
        }
        catch (Exception error) when (error is not ViolationException && disk.IsStopped)
        {
            return false;
        }
    }
}
