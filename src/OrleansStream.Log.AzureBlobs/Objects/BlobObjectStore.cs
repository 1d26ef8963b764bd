using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Objects;

/// <summary>
/// Segments and snapshots as blobs of exactly their bytes. Each create has a nonce, kept beside the bytes: by it a create whose answer was lost knows its own
/// object from somebody else's.
/// </summary>
/// <param name="container">Where they stand.</param>
/// <param name="undecided">How long a create of unknown outcome is asked for again.</param>
public sealed class BlobObjectStore(IBlobContainer container, UndecidedPuts undecided) : IObjectStore
{
    /// <inheritdoc/>
    /// <exception cref="OutcomeUnknownException">Neither success nor refusal was seen for long. It may stand or come to stand; the sweep deletes what no manifest names (rule M4).</exception>
    /// <exception cref="StorageException">The store refused; nothing stands of it.</exception>
    public async ValueTask<bool> TryCreateAsync(string name, ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        var nonce = undecided.NewNonce();
        var since = undecided.Begin();
        for (var attempt = 0; ; attempt++)
        {
            var put = await container.PutAsync(name, content, expected: null, nonce, cancellationToken);
            if (put.Outcome == BlobOutcome.Written) return true;

            // A conflict may be with ourselves, and after it there may be nothing: a put that was refused can have met one that failed later. So both
            // outcomes are looked up, and where there is nothing the same is sent again.
            var seen = put.Detail!;
            try
            {
                if (await container.FindAsync(name, cancellationToken) is { } stands) return stands.Nonce == nonce;
            }
            catch (StorageException failed)
            {
                seen = failed.Message;
            }

            await undecided.PauseAsync(name, attempt, since, seen, cancellationToken);
        }
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) =>
        container.ReadAsync(name, position, destination, cancellationToken);

    public async ValueTask<long> LengthAsync(string name, CancellationToken cancellationToken) => (await container.FindAsync(name, cancellationToken))?.Length ?? -1;

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => container.DeleteAsync(name, cancellationToken);

    public async IAsyncEnumerable<string> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in container.ListAsync(prefix, cancellationToken)) yield return blob.Name;
    }

    public async IAsyncEnumerable<ListedObject> ListWithAgesAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in container.ListAsync(prefix, cancellationToken)) yield return new ListedObject(blob.Name, blob.Age);
    }
}
