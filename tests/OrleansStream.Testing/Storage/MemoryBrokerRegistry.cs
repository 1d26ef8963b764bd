using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Storage;

/// <summary>Broker records in memory.</summary>
public sealed class MemoryBrokerRegistry : IBrokerRegistry
{
    private readonly Dictionary<BrokerId, StoredBroker> _records = [];
    private int _version;

    public ValueTask<StoredBroker?> GetAsync(BrokerId broker, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_records) return new(_records.GetValueOrDefault(broker));
    }

    public ValueTask<ManifestWrite> CompareAndSetAsync(BrokerRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_records)
        {
            if (_records.GetValueOrDefault(next.Broker)?.ETag != expected) return new(new ManifestWrite(ManifestOutcome.Conflict, default));
            var version = new ETag((++_version).ToString(CultureInfo.InvariantCulture));
            _records[next.Broker] = new StoredBroker(next, version);
            return new(new ManifestWrite(ManifestOutcome.Written, version));
        }
    }

    public async IAsyncEnumerable<StoredBroker> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredBroker[] all;
        lock (_records) all = [.. _records.Values];
        foreach (var record in all)
        {
            await ValueTask.CompletedTask;
            yield return record;
        }
    }
}
