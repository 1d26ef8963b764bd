using OrleansStream.Log;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Mutants;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation;

/// <summary>Schedules in which the lane gives up its first files; random ones seldom come so far.</summary>
public class TrimTests
{
    [Fact]
    public void A_stop_at_any_write_point_of_a_trim_leaves_a_log_that_starts_and_has_lost_nothing()
    {
        var points = WritePointsOfTrim();
        Assert.True(points.End - points.First > 3);
        for (var point = points.First; point <= points.End; point++)
        {
            for (var seed = 0; seed < 4; seed++) Assert.Null(Stop(point, seed, () => Mutation.None));
        }
    }

    [Fact]
    public void Deleting_before_the_trim_point_is_recorded_would_be_found()
    {
        var points = WritePointsOfTrim();
        var found = 0;
        for (var point = points.First; point <= points.End; point++)
        {
            for (var seed = 0; seed < 4; seed++) found += Stop(point, seed, () => new Mutants.Mutants.EagerTrimMutation()) is null ? 0 : 1;
        }

        Assert.True(found > 0);
    }

    [Theory, InlineData(0, false), InlineData(30, true)]
    public void A_trim_above_what_is_needed_would_be_found(int slotsTooFar, bool isFound)
    {
        var script = new Script(new SimulatedDisk(), () => new Mutants.Mutants.SessionMutation(sessions => new MutantSessions(sessions) { TrimsTooFarBy = slotsTooFar }));
        script.Start();
        Fill(script);
        script.MoveLogStart(0);
        script.Append(1);
        script.Settle();
        script.Trim();
        script.Append(1);
        script.Rest();
        Assert.Equal(isFound, Failure(() => script.Restart(script.Disk.CutPowerKeepingAll())) is not null);
    }

    private static (long First, long End) WritePointsOfTrim()
    {
        var script = BeforeTrim(new SimulatedDisk(), () => Mutation.None);
        var first = script.Disk.WritePoints + 1;
        var files = script.Disk.AllFiles().Count(IsWal);
        script.Trim();
        Assert.True(script.Disk.AllFiles().Count(IsWal) < files, "Nothing was trimmed.");
        return (first, script.Disk.WritePoints);
    }

    // Null if the next start finds all that it must.
    private static Exception? Stop(long point, int seed, Func<Mutation> mutation)
    {
        var script = BeforeTrim(new SimulatedDisk(), mutation);
        script.Disk.StopAtWritePoint = point;
        try
        {
            script.Trim();
        }
        catch (Exception error) when (error is SimulatedCrashException or LogException or InvalidOperationException && script.Disk.IsStopped)
        {
        }

        return Failure(() => script.Restart(seed == 0 ? script.Disk.Kill() : script.Disk.CutPower(seed)));
    }

    private static Script BeforeTrim(SimulatedDisk disk, Func<Mutation> mutation)
    {
        var script = new Script(disk, mutation);
        script.Start();
        Fill(script);
        script.MoveLogStart(0);
        script.MoveLogStart(1);
        script.Append(1);
        script.Rest();
        return script;
    }

    // More than two files.
    private static void Fill(Script script)
    {
        for (var i = 0; i < 70; i++)
        {
            script.Append(i % 2, valueBytes: 2500);
            script.Settle();
        }

        script.Rest();
    }

    private static bool IsWal(string path) => path.StartsWith("wal/", StringComparison.Ordinal);

    private static Exception? Failure(Action start)
    {
        try
        {
            start();
            return null;
        }
        catch (Exception error) when (error is LogException or ViolationException or UnreadableException)
        {
            return error;
        }
    }
}
