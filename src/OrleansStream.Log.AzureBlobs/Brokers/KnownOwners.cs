using OrleansStream.Log.Ownership;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>The way to other brokers, once there is one. However it fails, nothing was heard.</summary>
internal sealed class KnownOwners(Func<ISessionOwners?> owners, Action<string, Exception?> note) : ISessionOwners
{
    public async ValueTask<ReleaseAnswer> ReleaseAsync(SessionId owner, PartitionId partition, CancellationToken cancellationToken)
    {
        if (owners() is not { } known) return new ReleaseAnswer(ReleaseVerdict.NoAnswer);
        try
        {
            return await known.ReleaseAsync(owner, partition, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            note($"Broker {owner.Broker} could not be asked for partition {partition}.", error);
            return new ReleaseAnswer(ReleaseVerdict.NoAnswer);
        }
    }
}
