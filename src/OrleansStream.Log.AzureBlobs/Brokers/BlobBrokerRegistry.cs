using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Brokers;

/// <summary>Broker records as blobs, a compare-and-set by ETag each. What stays open is asked for again, with the same bytes and version, until it is known.</summary>
/// <param name="container">Where they stand.</param>
/// <param name="undecided">How long a write of unknown outcome is asked for again.</param>
/// <param name="clusterGeneration">Records of another one are refused (rule M5).</param>
public sealed class BlobBrokerRegistry(IBlobContainer container, UndecidedPuts undecided, int clusterGeneration) : IBrokerRegistry
{
    private readonly RecordBlobs _blobs = new(container, new RecordEnvelope(RecordKind.Broker, clusterGeneration));

    /// <inheritdoc/>
    public ValueTask<StoredBroker?> GetAsync(BrokerId broker, CancellationToken cancellationToken) => ReadAsync(BlobNames.BrokerOf(broker), cancellationToken);

    /// <inheritdoc/>
    /// <returns>Written or conflict, never unknown.</returns>
    /// <exception cref="OutcomeUnknownException">It stayed unknown for too long. Nobody may go on as if it stood, or as if it did not.</exception>
    /// <exception cref="StorageException">Refused for good; this try does not stand. An earlier one that was unknown still may.</exception>
    public async ValueTask<ManifestWrite> CompareAndSetAsync(BrokerRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        var name = BlobNames.BrokerOf(next.Broker);
        var nonce = undecided.NewNonce();
        var since = undecided.Begin();
        var bytes = _blobs.Envelope.Close(name, nonce, output => BrokerRecordCodec.Write(next, output));
        for (var attempt = 0; ; attempt++)
        {
            var put = await _blobs.PutAsync(name, bytes, nonce, expected, cancellationToken);
            if (put.Outcome != BlobOutcome.Unknown) return put.Outcome == BlobOutcome.Written ? new ManifestWrite(ManifestOutcome.Written, put.ETag) : new ManifestWrite(ManifestOutcome.Conflict, default);
            await undecided.PauseAsync(name, attempt, since, put.Detail!, cancellationToken);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LogException">As for <see cref="GetAsync"/>; what was listed before counts.</exception>
    public async IAsyncEnumerable<StoredBroker> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in container.ListAsync(BlobNames.Brokers, cancellationToken))
        {
            if (await ReadAsync(blob.Name, cancellationToken) is { } stored) yield return stored;
        }
    }

    private ValueTask<StoredBroker?> ReadAsync(string name, CancellationToken cancellationToken) =>
        _blobs.GetAsync(
            name,
            (payload, version) =>
            {
                var record = BrokerRecordCodec.Read(payload);
                return BlobNames.BrokerOf(record.Broker) == name
                    ? new StoredBroker(record, version)
                    : throw new CorruptBlockException(name, 0, $"it holds the record of broker {record.Broker}.");
            },
            cancellationToken);
}
