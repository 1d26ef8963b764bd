using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;
using OrleansStream.Testing.Storage;

namespace OrleansStream.Grains.Tests.Cluster;

/// <summary>What all brokers of a cluster share, in memory: manifests, frames of sessions, segments, records of brokers.</summary>
internal sealed class SharedStorage : IBrokerRegistry, IDisposable
{
    private readonly ConcurrentDictionary<BrokerId, StoredBroker> _brokers = new();
    private readonly Lock _cutting = new();
    private int _version;

    public SharedStorage() => Extents = new MemoryExtentReader(Slabs);

    public SlabPool Slabs { get; } = new();

    public MemoryManifestStore Manifests { get; } = new();

    public MemoryObjectStore Objects { get; } = new();

    public MemoryExtentReader Extents { get; }

    public ConcurrentDictionary<SessionId, SharedLog> Sessions { get; } = new();

    /// <summary>Reads of broker records so far.</summary>
    public int RecordReads { get; private set; }

    /// <summary>What the next reads of broker records fail with; null for none.</summary>
    public Exception? RecordFault { get; set; }

    /// <summary>Called with each broker record that is written.</summary>
    public Action<BrokerRecord> OnRecord { get; set; } = static _ => { };

    public ValueTask<StoredBroker?> GetAsync(BrokerId broker, CancellationToken cancellationToken)
    {
        RecordReads++;
        return RecordFault is { } fault ? ValueTask.FromException<StoredBroker?>(fault) : ValueTask.FromResult(_brokers.GetValueOrDefault(broker));
    }

    public ValueTask<ManifestWrite> CompareAndSetAsync(BrokerRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        lock (_brokers)
        {
            if (_brokers.GetValueOrDefault(next.Broker)?.ETag != expected) return new(new ManifestWrite(ManifestOutcome.Conflict, default));
            var etag = new ETag((++_version).ToString(CultureInfo.InvariantCulture));
            _brokers[next.Broker] = new StoredBroker(next, etag);
            OnRecord(next);
            return new(new ManifestWrite(ManifestOutcome.Written, etag));
        }
    }

    public async IAsyncEnumerable<StoredBroker> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        RecordReads++;
        if (RecordFault is { } fault) throw fault;
        foreach (var stored in _brokers.Values.ToList())
        {
            await ValueTask.CompletedTask;
            yield return stored;
        }
    }

    /// <summary>The record of a broker, whatever stood there.</summary>
    public void Put(BrokerRecord record)
    {
        lock (_brokers) _brokers[record.Broker] = new StoredBroker(record, new ETag((++_version).ToString(CultureInfo.InvariantCulture)));
    }

    /// <summary>Makes a segment of what the lanes hold of a partition; null if there is nothing.</summary>
    public SegmentExtent? Cut(PartitionId partition, Offset first, Offset end, LeaderEpoch epoch)
    {
        lock (_cutting) return first < end ? Extents.Cut(partition, first, new Offset(end.Value - 1), epoch) : null;
    }

    public void Dispose() => Slabs.Dispose();
}
