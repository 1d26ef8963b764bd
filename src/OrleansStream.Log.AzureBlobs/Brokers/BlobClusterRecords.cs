using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>The record of the cluster as a blob, created once. It is read before the cluster's generation is known, and tells it.</summary>
/// <param name="container">Where it stands.</param>
/// <param name="undecided">How long a create of unknown outcome is asked for again.</param>
public sealed class BlobClusterRecords(IBlobContainer container, UndecidedPuts undecided) : IClusterRecords
{
    private readonly RecordBlobs _blobs = new(container, new RecordEnvelope(RecordKind.Cluster, generation: null));

    /// <inheritdoc/>
    public async ValueTask<ClusterRecord> GetOrCreateAsync(ClusterRecord proposed, CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is { } stands) return stands;

        var nonce = undecided.NewNonce();
        var since = undecided.Begin();
        var bytes = new RecordEnvelope(RecordKind.Cluster, proposed.Generation).Close(BlobNames.Cluster, nonce, output => ClusterRecordCodec.Write(proposed, output));
        for (var attempt = 0; ; attempt++)
        {
            var put = await _blobs.PutAsync(BlobNames.Cluster, bytes, nonce, expected: null, cancellationToken);
            if (put.Outcome == BlobOutcome.Written) return proposed;
            if (put.Outcome == BlobOutcome.Conflict && await FindAsync(cancellationToken) is { } other) return other;
            await undecided.PauseAsync(BlobNames.Cluster, attempt, since, put.Detail!, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ClusterRecord?> FindAsync(CancellationToken cancellationToken) =>
        await _blobs.GetAsync(BlobNames.Cluster, static (record, _) => ClusterRecordCodec.Read(record), cancellationToken);
}
