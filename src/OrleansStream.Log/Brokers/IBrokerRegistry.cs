using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Brokers;

/// <summary>Where broker records stand. Many brokers may race for one number; a compare-and-set decides.</summary>
public interface IBrokerRegistry
{
    /// <summary>The record under this number, or null if no broker ever had it.</summary>
    /// <exception cref="LogException">Storage failed, or the record is damaged or of a newer version.</exception>
    ValueTask<StoredBroker?> GetAsync(BrokerId broker, CancellationToken cancellationToken);

    /// <summary>Writes the record if the version read is still the newest (null: if there is none); durable on return.</summary>
    /// <param name="next">What is to stand there.</param>
    /// <param name="expected">Which version it replaces.</param>
    /// <param name="cancellationToken">Ends the wait, not the write: the outcome is then unknown.</param>
    ValueTask<ManifestWrite> CompareAndSetAsync(BrokerRecord next, ETag? expected, CancellationToken cancellationToken);

    /// <summary>Every record there is, also of brokers long gone, in no order.</summary>
    IAsyncEnumerable<StoredBroker> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A broker record as read, with the version to give back.</summary>
public sealed record StoredBroker(BrokerRecord Record, ETag ETag);
