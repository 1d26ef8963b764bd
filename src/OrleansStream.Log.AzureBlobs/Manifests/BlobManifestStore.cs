using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Manifests;

/// <summary>Manifests as blobs, a compare-and-set by ETag each. What stays open is told as unknown, for the caller to send again (rule M2).</summary>
/// <param name="container">Where they stand.</param>
/// <param name="clusterGeneration">Manifests of another one are refused (rule M5).</param>
public sealed class BlobManifestStore(IBlobContainer container, int clusterGeneration) : IManifestStore
{
    // Manifests that are read at once while all are listed.
    private const int ListReads = 16;

    private readonly RecordBlobs _blobs = new(container, new RecordEnvelope(RecordKind.Manifest, clusterGeneration));

    /// <inheritdoc/>
    public int ClusterGeneration => clusterGeneration;

    /// <inheritdoc/>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    /// <exception cref="CorruptBlockException">The manifest's bytes do not verify.</exception>
    /// <exception cref="LogException">A newer version wrote it, or the cluster's generation is another one.</exception>
    public ValueTask<StoredManifest?> GetAsync(PartitionId partition, CancellationToken cancellationToken) => ReadAsync(BlobNames.ManifestOf(partition), cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="StorageException">Refused for good; this try does not stand. An earlier one that was unknown still may.</exception>
    public async ValueTask<ManifestWrite> CompareAndSetAsync(Manifest next, ETag? expected, CancellationToken cancellationToken)
    {
        var name = BlobNames.ManifestOf(next.Partition);
        if (next.ClusterGeneration != clusterGeneration) throw new LogException($"The manifest of {next.Partition} is of cluster generation {next.ClusterGeneration}, the broker of {clusterGeneration}.");

        var put = await _blobs.PutAsync(name, _blobs.Envelope.Close(name, next.Nonce, output => ManifestCodec.Write(next, output)), next.Nonce, expected, cancellationToken);
        return put.Outcome switch
        {
            BlobOutcome.Written => new ManifestWrite(ManifestOutcome.Written, put.ETag),
            BlobOutcome.Conflict => new ManifestWrite(ManifestOutcome.Conflict, default),
            _ => new ManifestWrite(ManifestOutcome.Unknown, default),
        };
    }

    /// <inheritdoc/>
    /// <exception cref="LogException">As for <see cref="GetAsync"/>; what was listed before counts.</exception>
    public IAsyncEnumerable<StoredManifest> ListAsync(CancellationToken cancellationToken) => ListAsync(static _ => true, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="LogException">As for <see cref="GetAsync"/>; what was listed before counts.</exception>
    public async IAsyncEnumerable<StoredManifest> ListAsync(Func<PartitionId, bool> wanted, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reads = new Queue<Task<StoredManifest?>>();
        try
        {
            await foreach (var blob in container.ListAsync(BlobNames.Manifests, cancellationToken))
            {
                // What is no manifest's name is read all the same, and refused.
                if (BlobNames.TryParseManifest(blob.Name, out var partition) && !wanted(partition)) continue;
                reads.Enqueue(ReadAsync(blob.Name, cancellationToken).AsTask());
                if (reads.Count == ListReads && await reads.Dequeue() is { } stored) yield return stored;
            }

            while (reads.TryDequeue(out var read))
            {
                if (await read is { } stored) yield return stored;
            }
        }
        finally
        {
            await EndAsync(reads);
        }
    }

    // Whoever stopped early, or has his error already, wants to hear of nothing more; but nothing goes on behind his back either.
    private static async Task EndAsync(IEnumerable<Task> reads)
    {
        try
        {
            await Task.WhenAll(reads);
        }
        catch (Exception failed) when (failed is LogException or OperationCanceledException)
        {
        }
    }

    private ValueTask<StoredManifest?> ReadAsync(string name, CancellationToken cancellationToken) =>
        _blobs.GetAsync(
            name,
            (record, version) =>
            {
                var manifest = ManifestCodec.Read(record);
                return BlobNames.ManifestOf(manifest.Partition) == name
                    ? new StoredManifest(manifest, version)
                    : throw new CorruptBlockException(name, 0, $"it holds the manifest of {manifest.Partition}.");
            },
            cancellationToken);
}
