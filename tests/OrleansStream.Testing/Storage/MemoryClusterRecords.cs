using OrleansStream.Log.Brokers;

namespace OrleansStream.Testing.Storage;

/// <summary>The record of a cluster in memory.</summary>
public sealed class MemoryClusterRecords : IClusterRecords
{
    private ClusterRecord? _record;

    public ValueTask<ClusterRecord> GetOrCreateAsync(ClusterRecord proposed, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return new(Interlocked.CompareExchange(ref _record, proposed, null) ?? proposed);
    }

    public ValueTask<ClusterRecord?> FindAsync(CancellationToken cancellationToken) => new(Volatile.Read(ref _record));
}
