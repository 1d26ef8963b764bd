using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Brokers;

/// <summary>Keeps the record of this broker: written before it listens, and again with each session, before the first block and any claim of that one.</summary>
/// <param name="registry">Where records stand.</param>
/// <param name="own">What this broker says of itself. Its session is replaced by each that begins.</param>
/// <param name="mayReplace">
/// Asked before the first write where the record of another silo stands under this number: whether that one is gone for good. It may wait for that. The
/// number must not be taken from a broker that lives.
/// </param>
public sealed class BrokerRegistration(IBrokerRegistry registry, BrokerRecord own, Func<BrokerRecord, CancellationToken, ValueTask<bool>> mayReplace)
{
    private int _isWritten;

    public BrokerId Broker => own.Broker;

    public string ClusterId => own.ClusterId;

    /// <summary>Names the session as this broker's newest one; durable on return.</summary>
    /// <exception cref="BrokerReplacedException">Another broker has this number.</exception>
    /// <exception cref="LogException">The record is another cluster's, or storage failed: it may be written or not. Name the session again.</exception>
    public ValueTask<BrokerRecord> NameAsync(SessionId session, CancellationToken cancellationToken) =>
        ChangeAsync(record => record with { Session = session }, cancellationToken);

    /// <summary>Changes the record of this broker; durable on return.</summary>
    /// <param name="change">Makes the next record from the one that stands; called again after a conflict.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <exception cref="LogException">As for <see cref="NameAsync"/>.</exception>
    public async ValueTask<BrokerRecord> ChangeAsync(Func<BrokerRecord, BrokerRecord> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var stored = await registry.GetAsync(own.Broker, cancellationToken);
            var next = change(await BaseAsync(stored?.Record, cancellationToken));
            var write = await registry.CompareAndSetAsync(next, stored?.ETag, cancellationToken);
            if (write.Outcome != ManifestOutcome.Written) continue;
            Volatile.Write(ref _isWritten, 1);
            return next;
        }
    }

    private async ValueTask<BrokerRecord> BaseAsync(BrokerRecord? stands, CancellationToken cancellationToken)
    {
        if (stands is null) return own;
        if (stands.ClusterId != own.ClusterId) throw new LogException($"Broker {own.Broker} is of cluster {own.ClusterId}; the record under its number is of cluster {stands.ClusterId}.");

        var isWritten = Volatile.Read(ref _isWritten) != 0;
        if (stands.SiloAddress == own.SiloAddress) return isWritten ? stands : own;

        // Who took the number after us has it: this process was declared dead, and must not come back under it.
        return !isWritten && await mayReplace(stands, cancellationToken) ? own : throw new BrokerReplacedException(own.Broker, stands.SiloAddress);
    }
}

/// <summary>The number of this broker is another one's: it stops, since two brokers of one number would end each other's sessions for ever.</summary>
public sealed class BrokerReplacedException(BrokerId broker, string siloAddress)
    : LogException($"Broker {broker} is at {siloAddress}: this process has no right to the number.")
{
    public BrokerId Broker { get; } = broker;

    /// <summary>Of whoever has it.</summary>
    public string SiloAddress { get; } = siloAddress;
}
