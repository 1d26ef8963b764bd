using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using OrleansStream.Log.Storage;
using ETag = OrleansStream.Log.Storage.ETag;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>A container of an Azure storage account: block blobs that are put in one request each, never put together from blocks that several writers could mix.</summary>
/// <param name="once">Never repeats a request.</param>
/// <param name="patient">Repeats requests that changed nothing, or nothing more the second time.</param>
/// <param name="limits">How long calls may take.</param>
internal sealed class AzureBlobContainer(BlobContainerClient once, BlobContainerClient patient, CallLimits limits) : IBlobContainer
{
    // The header is x-ms-meta-nonce. It is part of the put, so bytes and nonce stand together or not at all.
    private const string NonceKey = "nonce";

    // Put Blob takes 5,000 MiB in one request (https://learn.microsoft.com/rest/api/storageservices/put-blob), far more than anything of ours.
    private const long MaxPutBytes = 256L * 1024 * 1024;

    // The most that the service gives at once.
    private int _pageSize = 5_000;

    /// <summary>The same container with shorter pages: tests want several.</summary>
    public AzureBlobContainer WithPagesOf(int lines) => new(once, patient, limits) { _pageSize = lines };

    /// <exception cref="StorageException">The account could not be asked, or refused.</exception>
    public async ValueTask CreateIfAbsentAsync(CancellationToken cancellationToken)
    {
        // Asked first: whoever may write blobs need not be allowed to create containers.
        var where = patient.Uri.Host + patient.Uri.AbsolutePath;
        var exists = await CallAsync(where, "Opening", async token => (await patient.ExistsAsync(token)).Value, cancellationToken);
        if (!exists) await CallAsync(where, "Creation", async token => await patient.CreateIfNotExistsAsync(cancellationToken: token) is not null, cancellationToken);
    }

    public async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, MaxPutBytes, nameof(content));
        using var limit = limits.Begin(limits.Write, cancellationToken);
        using var body = new BorrowedStream(content);
        try
        {
            var info = await once.GetBlobClient(name).UploadAsync(body, UploadOf(content.Length, expected, nonce), limit.Token);
            return new BlobPut(BlobOutcome.Written, new ETag(info.Value.ETag.ToString()));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (RequestFailedException failed) when (BlobFailure.IsConflict(failed))
        {
            return new BlobPut(BlobOutcome.Conflict, default, BlobFailure.Describe(failed));
        }
        catch (Exception failed) when (BlobFailure.LeavesUnknown(failed))
        {
            return new BlobPut(BlobOutcome.Unknown, default, BlobFailure.Describe(failed), BlobFailure.IsBusy(failed));
        }
        catch (Exception failed) when (failed is not StorageException)
        {
            throw BlobFailure.ToException(name, "Write", failed);
        }
    }

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegative(position);

        // A range of no bytes cannot be said.
        if (destination.IsEmpty) return await FindAsync(name, cancellationToken) is null ? -1 : 0;

        return await CallAsync(name, "Read", token => ReadOnceAsync(name, position, destination, token), cancellationToken);
    }

    public async ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        return await CallAsync(
            name,
            "Read",
            async token =>
            {
                try
                {
                    using var response = (await patient.GetBlobClient(name).DownloadStreamingAsync(cancellationToken: token)).Value;
                    var length = response.Details.ContentLength;
                    if (length > maxBytes) throw new StorageException(name, "Read", string.Create(CultureInfo.InvariantCulture, $"it has {length} bytes, of which at most {maxBytes} are read"));

                    var bytes = new byte[length];
                    await response.Content.ReadExactlyAsync(bytes, token);
                    return new BlobContent(bytes, new ETag(response.Details.ETag.ToString()));
                }
                catch (RequestFailedException failed) when (BlobFailure.IsBlobMissing(failed))
                {
                    return null;
                }
            },
            cancellationToken);
    }

    public async ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        return await CallAsync(
            name,
            "Look-up",
            async token =>
            {
                try
                {
                    var facts = (await patient.GetBlobClient(name).GetPropertiesAsync(cancellationToken: token)).Value;
                    var nonce = facts.Metadata.TryGetValue(NonceKey, out var text) && Guid.TryParseExact(text, "N", out var parsed) ? parsed : Guid.Empty;
                    return new BlobFacts(facts.ContentLength, new ETag(facts.ETag.ToString()), nonce);
                }
                catch (RequestFailedException failed) when (BlobFailure.IsBlobMissing(failed))
                {
                    return null;
                }
            },
            cancellationToken);
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        BlobName.Check(name);
        await CallAsync(name, "Deletion", async token => (await patient.GetBlobClient(name).DeleteIfExistsAsync(cancellationToken: token)).Value, cancellationToken);
    }

    // The service lists in the order of the names: https://learn.microsoft.com/rest/api/storageservices/enumerating-blob-resources. That is ordinal order
    // as long as the account has no hierarchical namespace, which sorts folder by folder.
    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? marker = null;
        do
        {
            var page = await CallAsync(prefix, "List", token => PageAsync(prefix, marker, token), cancellationToken);
            foreach (var line in page.Lines) yield return line;
            marker = page.Marker;
        }
        while (!string.IsNullOrEmpty(marker));
    }

    private async Task<int> ReadOnceAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            var range = new BlobDownloadOptions { Range = new HttpRange(position, destination.Length) };
            using var response = (await patient.GetBlobClient(name).DownloadStreamingAsync(range, cancellationToken)).Value;
            var length = (int)Math.Min(response.Details.ContentLength, destination.Length);
            await response.Content.ReadExactlyAsync(destination[..length], cancellationToken);
            return length;
        }
        catch (RequestFailedException failed) when (BlobFailure.IsBlobMissing(failed))
        {
            return -1;
        }
        catch (RequestFailedException failed) when (BlobFailure.IsBehindEnd(failed))
        {
            return 0;
        }
    }

    private async Task<(List<ListedBlob> Lines, string? Marker)> PageAsync(string prefix, string? marker, CancellationToken cancellationToken)
    {
        var options = new GetBlobsOptions { Prefix = prefix };
        await foreach (var page in patient.GetBlobsAsync(options, cancellationToken).AsPages(marker, _pageSize))
        {
            using var response = page.GetRawResponse();
            var now = response.Headers.Date;
            return ([.. page.Values.Select(blob => new ListedBlob(blob.Name, blob.Properties.ContentLength ?? 0, AgeOf(blob.Properties.LastModified, now)))], page.ContinuationToken);
        }

        return ([], null);
    }

    // Without both times it counts as new: whoever asks for ages wants to leave new blobs alone.
    private static TimeSpan AgeOf(DateTimeOffset? written, DateTimeOffset? now) => now > written ? now.Value - written.Value : TimeSpan.Zero;

    private static BlobUploadOptions UploadOf(long length, ETag? expected, Guid nonce) => new()
    {
        Conditions = expected is { } version ? new BlobRequestConditions { IfMatch = new Azure.ETag(version.Value) } : new BlobRequestConditions { IfNoneMatch = Azure.ETag.All },
        Metadata = nonce == Guid.Empty ? null : new Dictionary<string, string> { [NonceKey] = nonce.ToString("N") },

        // Above the length, not at it: the SDK sends in one request what is smaller than this, and stages everything else in blocks that it then commits.
        TransferOptions = new StorageTransferOptions { InitialTransferSize = length + 1, MaximumTransferSize = length + 1 },
    };

    // For calls that may be made twice: what they fail with says only that they failed.
    private async ValueTask<T> CallAsync<T>(string name, string operation, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var limit = limits.Begin(limits.Read, cancellationToken);
        try
        {
            return await call(limit.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception failed) when (failed is not StorageException)
        {
            throw BlobFailure.ToException(name, operation, failed);
        }
    }
}
