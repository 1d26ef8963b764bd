using OrleansStream.Log;
using OrleansStream.Log.Serving;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation;

/// <summary>Everything that lets go of data, stopped at each of its calls of the disk, and once more while that is recovered.</summary>
public class LetGoCrashTests
{
    private const int FileBytes = 32 * 1024;
    private const int Seeds = 3;

    private static readonly Dictionary<string, Part> Parts = new()
    {
        ["a split cuts segments"] = new(Setup(), script => Fill(script, 20), script => script.TendWal()),
        ["a split carries forward"] = new(Setup(carryBytes: 20_000) with { MaxWalBytes = 4 * FileBytes }, FillForCarry, CarryAndTrim),
        ["a split empties an ended session"] = new(Setup(), FillAndRestart, script =>
        {
            script.TendWal();
            script.Pass(TimeSpan.FromMinutes(11));
            script.Do(script.Broker.Upkeep!.CloseSessionsAsync);
        }),
        ["the lane trims"] = new(Setup(), FillAndCut, script => script.Trim()),
        ["retention by time"] = new(Setup(new PartitionSettings { RetentionMs = 3_600_000, FileDeleteDelayMs = 0 }), FillAndCut, script =>
        {
            script.Pass(TimeSpan.FromHours(2));
            script.TendPartitions();
            script.TendPartitions();
        }),
        ["retention by size"] = new(Setup(new PartitionSettings { RetentionBytes = 10_000, SegmentBytes = 6000, FileDeleteDelayMs = 0 }), FillAndCut, script =>
        {
            script.Pass(TimeSpan.FromMinutes(2));
            script.TendPartitions();
            script.TendPartitions();
        }),
        ["records are deleted"] = new(Setup(), FillAndCut, script =>
        {
            script.MoveLogStart(0);
            DeleteDue(script);
        }),
        ["a topic is deleted"] = new(Setup(), FillAndCut, script =>
        {
            script.Delete(0);
            DeleteDue(script);
        }),
        ["orphans are swept"] = new(Setup(), LeaveOrphans, script =>
        {
            foreach (var pass in Leftovers.Passes)
            {
                script.Pass(pass);
                script.TendPartitions();
            }
        }),
    };

    public static TheoryData<string> Names => [.. Parts.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_stop_at_any_call_of_the_disk_loses_nothing_and_leaves_nothing(string name)
    {
        var part = Parts[name];
        var counting = Prepared(part);
        var first = counting.Disk.WritePoints + 1;
        part.Act(counting);
        counting.Settle();
        var last = counting.Disk.WritePoints;
        Assert.True(last - first > 2, $"{last - first} calls");
        for (var point = first; point <= last; point++)
        {
            for (var seed = 0; seed < Seeds; seed++) StopAt(part, point, seed);
        }
    }

    // Found by the same enumeration: the mutants whose window is one call.
    [Theory, InlineData("a split cuts segments"), InlineData("a topic is deleted")]
    public void Without_syncs_of_the_objects_folders_it_would_be_found(string name)
    {
        var part = Parts[name] with { Mutation = () => new Mutants.Mutants.DiskMutation((disk, _) => new Mutants.MutantDisk(disk) { SkipsDirectorySync = path => path.StartsWith("objects/", StringComparison.Ordinal) }) };
        var counting = Prepared(part);
        var first = counting.Disk.WritePoints + 1;
        part.Act(counting);
        counting.Settle();
        var found = 0;
        for (var point = first; point <= counting.Disk.WritePoints && found == 0; point++)
        {
            for (var seed = 0; seed < Seeds; seed++) found += Throws(() => StopAt(part, point, seed)) ? 1 : 0;
        }

        Assert.True(found > 0);
    }

    // The window is short, so many schedules look for it: the lane trims again and again while frames are on their way to their new slots, and power is cut.
    [Theory, InlineData(false), InlineData(true)]
    public void A_cut_while_frames_are_carried_and_the_lane_trims_loses_nothing_unless_slots_are_replaced_early(bool early)
    {
        // All of it is carried: a partition that is cut keeps its slots until the others are published anyway.
        var part = Parts["a split carries forward"] with { Setup = Setup(carryBytes: 100_000) with { MaxWalBytes = 5 * FileBytes }, Mutation = () => early ? new Mutants.EarlyCarryMutation() : Mutation.None };
        var found = 0;
        for (var seed = 0; seed < 240; seed++)
        {
            // From just under the cap, where nothing is carried yet, to where carrying itself has hardly any room: which amount is which depends on what files reserve.
            var batches = 16 + (seed % 12);
            var steps = 5 + (((seed * 7) + (seed / 12)) % 60);
            var script = Prepared(part with { Prepare = prepared => Fill(prepared, batches) }, seed);
            _ = script.Broker.Scheduler.Start(script.Broker.Upkeep!.TendWalAsync);
            for (var step = 0; step < steps; step++)
            {
                _ = script.Broker.Scheduler.Start(() => script.Broker.Lane.TrimAsync(CancellationToken.None).AsTask());
                script.Broker.Scheduler.RunOne();
                script.Broker.Scheduler.RunOne();
            }

            if (Throws(() => script.Restart(script.Disk.CutPower(seed)))) found++;
        }

        Assert.Equal(early, found > 0);
    }

    // The mutant "a carried frame forgotten": carrying is rare in random schedules, and this one always does it.
    [Theory, InlineData(false), InlineData(true)]
    public void What_is_carried_forward_is_still_the_lane_s_unless_it_is_forgotten(bool forgets)
    {
        var part = Parts["a split carries forward"];
        var script = Prepared(part with { Mutation = () => forgets ? new Mutants.ForgottenCarryMutation() : Mutation.None });
        part.Act(script);

        // Until the tail cache has nothing of it any more.
        for (var round = 0; round < 5; round++)
        {
            Fill(script, 8);
            script.TendWal();
        }

        Assert.Equal(forgets, Throws(() =>
        {
            foreach (var log in script.Logs) script.OpenAndCheck(log);
        }));
    }

    private static bool Throws(Action work)
    {
        try
        {
            work();
            return false;
        }
        catch (Exception error) when (error is LogException or ViolationException or UnreadableException)
        {
            return true;
        }
    }

    private static void StopAt(Part part, long point, int seed)
    {
        var script = Prepared(part);
        script.Disk.StopAtWritePoint = point;
        Try(script, () =>
        {
            part.Act(script);
            script.Settle();
        });
        Assert.True(script.Disk.IsStopped);

        // A second stop while the first one is recovered, and a third at rest.
        var left = seed == 0 ? script.Disk.Kill() : script.Disk.CutPower(seed);
        left.StopAtWritePoint = left.WritePoints + 1 + (((point * Seeds) + seed) % 24);
        if (!Try(script, () => script.Restart(left))) script.Restart(left.CutPower(seed + 100), seed);
        left.StopAtWritePoint = null;
        script.Restart(script.Disk.CutPower(seed + 200), seed + 10);
        script.Drain();
        script.Restart(script.Disk.CutPowerKeepingAll(), seed + 20);
    }

    // False if the machine stopped.
    private static bool Try(Script script, Action work)
    {
        try
        {
            work();
            return !script.Disk.IsStopped;
        }
        catch (Exception error) when (error is not ViolationException && script.Disk.IsStopped)
        {
            return false;
        }
    }

    private static Script Prepared(Part part, int seed = 1)
    {
        var script = new Script(new SimulatedDisk(), part.Mutation, part.Setup);
        script.Start(seed);
        part.Prepare(script);
        return script;
    }

    private static BrokerSetup Setup(PartitionSettings? settings = null, int carryBytes = 0) => new()
    {
        FileBytes = FileBytes, MaxWalBytes = 2 * FileBytes, CarryBytes = carryBytes, SegmentBytes = 8 * 1024, ReadGrace = TimeSpan.Zero, SettingsOf = _ => settings ?? new PartitionSettings { FileDeleteDelayMs = 0 },
    };

    private static void Fill(Script script, int batches)
    {
        for (var i = 0; i < batches; i++)
        {
            script.Append(i % 2, valueBytes: 1000);
            script.Settle();
        }

        script.Rest();
    }

    private static void FillAndCut(Script script)
    {
        Fill(script, 20);
        script.TendWal();
        Fill(script, 4);
        Assert.Contains(script.Disk.AllFiles(), path => path.StartsWith("objects/", StringComparison.Ordinal));
    }

    private static void FillAndRestart(Script script)
    {
        Fill(script, 20);
        script.Restart(script.Disk.CutPowerKeepingAll());
        Fill(script, 4);
    }

    // Of partition 1 a little at the start of each file, which is carried; partition 0 is cut.
    private static void FillForCarry(Script script)
    {
        for (var i = 0; i < 20; i++)
        {
            script.Append(i % 7 == 0 ? 1 : 0, valueBytes: i % 7 == 0 ? 50 : 3500);
            script.Settle();
        }

        script.Rest();
    }

    private static void CarryAndTrim(Script script)
    {
        script.TendWal();
        Assert.True(script.Broker.Upkeep!.Splitter.BytesCarried > 0);
        script.Rest();
        script.TendWal();
    }

    private static void LeaveOrphans(Script script)
    {
        Fill(script, 20);
        script.Disk.Faults = call => call.Operation == DiskOperation.Write && call.Path.StartsWith("meta/", StringComparison.Ordinal) ? DiskFault.NoSpace : DiskFault.None;
        var files = script.Disk.AllFiles().Count;
        script.TryTendWal();
        Assert.True(script.Disk.AllFiles().Count > files, "No orphan was left.");
        script.Disk.Faults = null;
    }

    private static void DeleteDue(Script script)
    {
        for (var i = 0; i < 3; i++)
        {
            script.Pass(TimeSpan.FromMinutes(2));
            script.TendPartitions();
        }

        script.TendWal();
    }

    /// <summary>What is stopped, and what comes before it.</summary>
    private sealed record Part(BrokerSetup Setup, Action<Script> Prepare, Action<Script> Act)
    {
        public Func<Mutation> Mutation { get; init; } = static () => Brokers.Mutation.None;
    }
}
