using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>The way to other brokers, once there is one. However it fails, nothing was heard.</summary>
internal sealed class KnownOwners(Func<ISessionOwners?> owners, Action<string, Exception?> note) : ISessionOwners
{
    public ValueTask<ReleaseAnswer> PrepareAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) =>
        AskAsync(owner, partition, static (known, what, token) => known.PrepareAsync(what.Owner, what.Partition, token), cancellationToken);

    public ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken) =>
        AskAsync(owner, partition, static (known, what, token) => known.ReleaseAsync(what.Owner, what.Partition, token), cancellationToken);

    private async ValueTask<ReleaseAnswer> AskAsync(
        SessionId owner, PartitionId partition, Func<ISessionOwners, (SessionId Owner, PartitionId Partition), CancellationToken, ValueTask<ReleaseAnswer>> ask, CancellationToken cancellationToken)
    {
        if (owners() is not { } known) return new ReleaseAnswer(ReleaseVerdict.NoAnswer);
        try
        {
            return await ask(known, (owner, partition), cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            note($"Broker {owner.Broker} could not be asked for partition {partition}.", error);
            return new ReleaseAnswer(ReleaseVerdict.NoAnswer);
        }
    }
}
