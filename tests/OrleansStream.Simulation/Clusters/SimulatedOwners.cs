using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Clusters;

/// <summary>How one broker asks the others, as the server does it over Orleans: by the registry, by what membership it knows, and by calls that may get lost.</summary>
internal sealed class SimulatedOwners(ClusterWorld world, ClusterBroker asker, BlobBrokerRegistry registry) : ISessionOwners
{
    private static readonly TimeSpan AskAtMost = TimeSpan.FromSeconds(5);

    private readonly Dictionary<BrokerId, BrokerRecord> _known = [];

    public ValueTask<ReleaseAnswer> PrepareAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) => AskAsync(owner, partition, isPreparation: true, cancellationToken);

    public ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) => AskAsync(owner, partition, isPreparation: false, cancellationToken);

    private async ValueTask<ReleaseAnswer> AskAsync(SessionId owner, PartitionId partition, bool isPreparation, CancellationToken cancellationToken)
    {
        if (!_known.TryGetValue(owner.Broker, out var record) || record.Session != owner)
        {
            record = (await registry.GetAsync(owner.Broker, cancellationToken))?.Record;
            if (record is not null) _known[owner.Broker] = record;

            // A session is named in the record before its first claim, so one that is not named there now was replaced.
            if (record?.Session != owner) return new ReleaseAnswer(ReleaseVerdict.Dead);
        }

        if (world.Membership.KnowsDead(asker.Silo, record.SiloAddress)) return new ReleaseAnswer(ReleaseVerdict.Dead);
        var answer = await SendAsync(record.SiloAddress, (partition, owner), isPreparation, cancellationToken);
        return answer.Verdict == ReleaseVerdict.NoAnswer && world.Membership.KnowsDead(asker.Silo, record.SiloAddress) ? new ReleaseAnswer(ReleaseVerdict.Dead) : answer;
    }

    private async Task<ReleaseAnswer> SendAsync(string silo, (PartitionId Partition, SessionId Owner) what, bool isPreparation, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<ReleaseAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancelled = cancellationToken.UnsafeRegister(static (source, token) => ((TaskCompletionSource<ReleaseAnswer>)source!).TrySetCanceled(token), answer);
        world.Calls.Send(silo, what, isPreparation, said => answer.TrySetResult(said));
        world.Clock.In(AskAtMost, () => answer.TrySetResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer)));
        return await answer.Task;
    }
}
