using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>Calls between brokers: late, lost and doubled by the seed, either way.</summary>
internal sealed class BrokerCalls(ClusterWorld world, Random chance)
{
    /// <summary>Of 100 calls those that get lost; as many come twice, and some very late.</summary>
    public int Faults { get; set; }

    /// <summary>Answers that let go of a partition.</summary>
    public int Released { get; private set; }

    /// <summary>Answers that made ready for letting go of a partition.</summary>
    public int Prepared { get; private set; }

    public void Send(string silo, (PartitionId Partition, SessionId Owner) what, bool isPreparation, Action<ReleaseAnswer> onAnswer)
    {
        if (IsHit()) return;
        Deliver(silo, what, isPreparation, onAnswer);
        if (IsHit()) Deliver(silo, what, isPreparation, onAnswer);
    }

    private void Deliver(string silo, (PartitionId Partition, SessionId Owner) what, bool isPreparation, Action<ReleaseAnswer> onAnswer) => world.Clock.In(NextDelay(), () =>
    {
        if (world.Find(silo) is not { Log: { } log } broker) return;
        broker.Scheduler.Post(() => _ = AnswerAsync((broker, log), what, isPreparation, onAnswer));
    });

    private async Task AnswerAsync((ClusterBroker Broker, IPartitionReleases Log) of, (PartitionId Partition, SessionId Owner) what, bool isPreparation, Action<ReleaseAnswer> onAnswer)
    {
        var broker = of.Broker;
        ReleaseAnswer answer;
        try
        {
            var releases = world.Mutation.Releases(of.Log, broker);
            answer = isPreparation
                ? await releases.PrepareAsync(what.Partition, what.Owner, CancellationToken.None)
                : await releases.ReleaseAsync(what.Partition, what.Owner, CancellationToken.None);
        }
        catch (Exception error)
        {
            world.Judge(broker, isPreparation ? "preparation" : "release", error);
            return;
        }

        world.Note($"{broker} answers {answer.Verdict} for {what.Partition.Index} of {what.Owner} in {answer.Log?.Stored.Manifest.Epoch}");
        if (answer.Verdict == ReleaseVerdict.Released) Released++;
        if (answer.Verdict == ReleaseVerdict.Prepared) Prepared++;
        if (IsHit()) return;
        if (answer.Log is { } released) answer = answer with { Log = ReleasedLogCodec.Read(ReleasedLogCodec.Write(released)) };
        world.Clock.In(NextDelay(), () => onAnswer(answer));
        if (IsHit()) world.Clock.In(NextDelay(), () => onAnswer(answer));
    }

    /// <summary>Whether a call is one of those that go wrong.</summary>
    public bool IsHit() => Faults > 0 && chance.Next(100) < Faults;

    public TimeSpan NextDelay() => TimeSpan.FromMicroseconds(100 + chance.Next(IsHit() ? 7_000_000 : 3_000));
}
