using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.GrainState;

/// <summary>One state's blob: conditional writes whose outcome is known.</summary>
/// <param name="blob">The blob.</param>
/// <param name="options">How patiently.</param>
/// <param name="time">Measures the pauses between tries.</param>
internal sealed class StateBlob(BlobClient blob, AzureBlobGrainStorageOptions options, TimeProvider time)
{
    // Names the write that made a blob, so that a writer whose answer was lost knows its own. Other readers do not look at metadata.
    private const string WriteId = "orleansstream_write";
    private const string ContentType = "application/octet-stream";

    /// <summary>Writes the whole blob if it still has the given ETag, or is absent where there is none.</summary>
    /// <returns>The blob's new ETag; null if the condition did not hold: somebody else wrote.</returns>
    /// <exception cref="RequestFailedException">The account could not be asked what happened, or refused for another reason.</exception>
    public async Task<string?> TryWriteAsync(BinaryData content, string? etag, CancellationToken cancellationToken)
    {
        var id = Guid.NewGuid().ToString("N");
        var upload = new BlobUploadOptions
        {
            HttpHeaders = new BlobHttpHeaders { ContentType = ContentType },
            Metadata = new Dictionary<string, string> { [WriteId] = id },
            Conditions = etag is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = new ETag(etag) },
            // One request, whatever the size: a blob is never put together from blocks that other writers could mix with theirs.
            TransferOptions = new Azure.Storage.StorageTransferOptions { InitialTransferSize = options.MaxStateBytes, MaximumTransferSize = options.MaxStateBytes },
        };
        return await ChangeAsync(
            async token => (await blob.UploadAsync(content, upload, token)).Value.ETag.ToString(),
            found => found?.Metadata.TryGetValue(WriteId, out var writer) == true && writer == id ? found.ETag.ToString() : null,
            etag,
            cancellationToken);
    }

    /// <summary>Deletes the blob if it still has the given ETag; without one, only makes sure that there is none.</summary>
    /// <returns>False if the condition did not hold: somebody else wrote.</returns>
    /// <exception cref="RequestFailedException">As in <see cref="TryWriteAsync"/>.</exception>
    public async Task<bool> TryDeleteAsync(string? etag, CancellationToken cancellationToken)
    {
        if (etag is null) return await PropertiesAsync(cancellationToken) is null;

        const string deleted = "deleted";
        var condition = new BlobRequestConditions { IfMatch = new ETag(etag) };
        return await ChangeAsync(
            async token =>
            {
                await blob.DeleteIfExistsAsync(DeleteSnapshotsOption.None, condition, token);
                return deleted;
            },
            found => found is null ? deleted : null,
            etag,
            cancellationToken) is not null;
    }

    // outcomeIn recognises the change in what the blob is now, null standing for its absence.
    private async Task<string?> ChangeAsync(
        Func<CancellationToken, Task<string>> change, Func<BlobProperties?, string?> outcomeIn, string? etag, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await change(cancellationToken);
            }
            catch (RequestFailedException failed) when (StorageFailure.IsLostRace(failed))
            {
                // The winner may be an earlier try of this very change.
                return attempt == 0 ? null : outcomeIn(await PropertiesAsync(cancellationToken));
            }
            catch (Exception exception) when (StorageFailure.LeavesOutcomeUnknown(exception, cancellationToken))
            {
                var found = await PropertiesAsync(cancellationToken);
                if (outcomeIn(found) is { } outcome) return outcome;
                if (found?.ETag.ToString() != etag) return null;
                if (attempt == options.MaxRetries) throw;
            }

            await Task.Delay(RetryDelays.After(attempt, options.RetryDelay), time, cancellationToken);
        }
    }

    private async Task<BlobProperties?> PropertiesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
        }
        catch (RequestFailedException failed) when (failed.Status == 404)
        {
            return null;
        }
    }
}
