using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Sessions;

/// <summary>
/// Session records as blobs, a compare-and-set by ETag each. The port knows no third answer, since a record decides what is deleted: an unknown outcome is
/// asked for again, with the same bytes and version, until it is known.
/// </summary>
/// <param name="container">Where they stand.</param>
/// <param name="undecided">How long a write of unknown outcome is asked for again.</param>
/// <param name="clusterGeneration">Records of another one are refused (rule M5).</param>
public sealed class BlobSessionStore(IBlobContainer container, UndecidedPuts undecided, int clusterGeneration) : ISessionStore
{
    private readonly RecordBlobs _blobs = new(container, new RecordEnvelope(RecordKind.Session, clusterGeneration));

    /// <inheritdoc/>
    /// <exception cref="StorageException">The store could not be asked, or refused.</exception>
    /// <exception cref="CorruptBlockException">The record's bytes do not verify.</exception>
    /// <exception cref="LogException">A newer version wrote it, or the cluster's generation is another one.</exception>
    public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken) => ReadAsync(BlobNames.SessionOf(session), cancellationToken);

    /// <inheritdoc/>
    /// <returns>True: it stood when this was found out. False: another write stands there; this one may have stood before it, and was then read by that one.</returns>
    /// <exception cref="OutcomeUnknownException">It stayed unknown for too long. Nobody may go on as if it stood, or as if it did not.</exception>
    /// <exception cref="StorageException">Refused for good; this try does not stand. An earlier one that was unknown still may.</exception>
    public async ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        var name = BlobNames.SessionOf(next.Session);
        var nonce = undecided.NewNonce();
        var since = undecided.Begin();
        var bytes = _blobs.Envelope.Close(name, nonce, output => SessionRecordCodec.Write(next, output));
        for (var attempt = 0; ; attempt++)
        {
            var put = await _blobs.PutAsync(name, bytes, nonce, expected, cancellationToken);
            if (put.Outcome != BlobOutcome.Unknown) return put.Outcome == BlobOutcome.Written;
            await undecided.PauseAsync(name, attempt, since, put.Detail!, cancellationToken);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="LogException">As for <see cref="GetAsync"/>; what was listed before counts.</exception>
    public async IAsyncEnumerable<StoredSession> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in container.ListAsync(BlobNames.Sessions, cancellationToken))
        {
            if (await ReadAsync(blob.Name, cancellationToken) is { } stored) yield return stored;
        }
    }

    private ValueTask<StoredSession?> ReadAsync(string name, CancellationToken cancellationToken) =>
        _blobs.GetAsync(
            name,
            (payload, version) =>
            {
                var record = SessionRecordCodec.Read(payload);
                return BlobNames.SessionOf(record.Session) == name
                    ? new StoredSession(record, version)
                    : throw new CorruptBlockException(name, 0, $"it holds the record of session {record.Session}.");
            },
            cancellationToken);
}
