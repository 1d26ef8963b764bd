using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Mutants;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation;

/// <summary>Schedules of the sweep that random ones never come to, since they need a day in one call.</summary>
public class SweepTests
{
    // The mutant "sweep deletes by age directly": this schedule finds it. The splitter is held between the writing of its segment and the write that
    // names it, and the sweep takes the segment for an orphan. The partition is closed: an open one lets nobody write its manifest meanwhile.
    [Theory, InlineData(false), InlineData(true)]
    public void D4_a_segment_that_waits_a_day_for_its_name_is_listed_and_never_deleted_directly(bool directly)
    {
        var held = new HeldNaming();
        var script = new Script(new SimulatedDisk(), () => directly ? new DirectlyHeld(held) : new Held(held), new BrokerSetup
        {
            FileBytes = 32 * 1024, SegmentBytes = 8 * 1024, ReadGrace = TimeSpan.Zero, SettingsOf = static _ => new PartitionSettings { RetentionMs = -1, FileDeleteDelayMs = 0 },
        });
        script.Start();
        for (var i = 0; i < 20; i++)
        {
            script.Append(i % 2, valueBytes: 1000);
            script.Settle();
        }

        script.Pass(TimeSpan.FromMinutes(30));
        script.TendPartitions();
        held.Begin();
        var split = script.Broker.Scheduler.Start(async () => await script.Broker.Upkeep!.Splitter.SplitAsync(script.Broker.Upkeep.Usage.ClosedParts()[0], CancellationToken.None));
        script.Settle();
        Assert.True(held.IsHeld);
        foreach (var hours in (double[])[2, directly ? 23.5 : 25])
        {
            script.Pass(TimeSpan.FromHours(hours));
            script.TendPartitions();
        }

        held.End();
        script.Rest();
        Assert.True(split.IsCompleted);
        var found = Failure(() =>
        {
            script.Restart(script.Disk.CutPowerKeepingAll());
            script.Drain();
        });
        Assert.Equal(directly, found is not null);
    }

    private static Exception? Failure(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception error) when (error is Log.LogException or ViolationException or UnreadableException)
        {
            return error;
        }
    }

    private static MutantManifests Holding(IManifestStore manifests, HeldNaming held) => new(manifests) { BeforeWrite = held.WaitAsync };

    private sealed class Held(HeldNaming held) : Mutation
    {
        public override IManifestStore Manifests(IManifestStore manifests) => Holding(manifests, held);
    }

    private sealed class DirectlyHeld(HeldNaming held) : DirectSweepMutation
    {
        public override IManifestStore Manifests(IManifestStore manifests) => Holding(manifests, held);
    }

    /// <summary>Holds the first write that names a segment.</summary>
    private sealed class HeldNaming
    {
        private readonly TaskCompletionSource _release = new();
        private bool _holds;

        public bool IsHeld { get; private set; }

        public void Begin() => _holds = true;

        public void End() => _release.SetResult();

        public Task WaitAsync(Manifest next)
        {
            if (!_holds || !next.Extents.Any(static extent => extent is SegmentExtent)) return Task.CompletedTask;
            _holds = false;
            IsHeld = true;
            return _release.Task;
        }
    }
}
