using OrleansStream.Log;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Mutants;
using OrleansStream.Simulation.Schedules;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation;

/// <summary>Schedules of claims that random ones never come to.</summary>
public class ClaimTests
{
    // The mutant "contained change accepted for a claim" (rule M2): two activations on one broker write the same claim. The first one stands, and before
    // it serves the partition is cut out of the WAL; the second one finds its owner and epoch there, and would serve the extents that it remembers.
    [Theory, InlineData(false), InlineData(true)]
    public void A_claim_that_lost_to_one_like_it_is_made_anew_or_serves_what_is_gone(bool acceptsContained)
    {
        var race = new Race();
        var script = new Script(new SimulatedDisk(), () => new RacingClaims(race, acceptsContained), new BrokerSetup { FileBytes = 32 * 1024, SegmentBytes = 8 * 1024, ReadGrace = TimeSpan.Zero });
        script.Start();
        for (var i = 0; i < 20; i++)
        {
            script.Append(0, valueBytes: 1000);
            script.Settle();
        }

        script.Rest();
        race.Begin();
        var log = script.Logs[0];
        var first = script.Broker.Scheduler.Start(async () => await script.Broker.Opener!.OpenAsync(log.Partition, log.Settings, CancellationToken.None));
        script.Settle();
        var second = script.Broker.Scheduler.Start(async () => await script.Broker.OtherOpener!.OpenAsync(log.Partition, log.Settings, CancellationToken.None));
        script.Settle();
        race.SendFirst();
        script.Settle();
        script.SplitClosed();
        script.Trim();
        race.SendSecond();
        script.Settle();
        Assert.True(second.IsCompletedSuccessfully);

        var found = Failure(() => script.Do(() => log.CheckAsync(second.Result.Handle!, 0)));
        race.AnswerFirst();
        script.Rest();
        Assert.True(first.IsCompletedSuccessfully);
        Assert.Equal(acceptsContained, found is not null);
        if (!acceptsContained) script.Restart(script.Disk.CutPowerKeepingAll());
    }

    private static Exception? Failure(Action work)
    {
        try
        {
            work();
            return null;
        }
        catch (Exception error) when (error is LogException or ViolationException or UnreadableException)
        {
            return error;
        }
    }

    private sealed class RacingClaims(Race race, bool acceptsContained) : Mutation
    {
        public override bool SplitsWhileOpening => true;

        public override IManifestStore Manifests(IManifestStore manifests) =>
            new MutantManifests(manifests) { BeforeWrite = race.BeforeWriteAsync, BeforeAnswer = race.BeforeAnswerAsync, ContainedIsSuccess = acceptsContained };
    }

    /// <summary>Holds the next two claims before they are sent, and the first one again before it is answered.</summary>
    private sealed class Race
    {
        private readonly TaskCompletionSource _first = new(), _second = new(), _answer = new();
        private Manifest? _claim;
        private int _claims = int.MaxValue;

        public void Begin() => _claims = 0;

        public void SendFirst() => _first.SetResult();

        public void SendSecond() => _second.SetResult();

        public void AnswerFirst() => _answer.SetResult();

        public Task BeforeWriteAsync(Manifest next)
        {
            if (_claims > 1) return Task.CompletedTask;
            if (_claims++ > 0) return _second.Task;
            _claim = next;
            return _first.Task;
        }

        public Task BeforeAnswerAsync(Manifest written) => written == _claim ? _answer.Task : Task.CompletedTask;
    }
}
