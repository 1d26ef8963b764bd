using System.Buffers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>A container each call to which has completed when it returns: so a test's own clock need not know how long the service takes.</summary>
internal sealed class BlockingContainer(IBlobContainer container) : IBlobContainer
{
    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) =>
        new(Done(() => container.PutAsync(name, content, expected, nonce, cancellationToken).AsTask()));

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) =>
        new(Done(() => container.ReadAsync(name, position, destination, cancellationToken).AsTask()));

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => new(Done(() => container.GetAsync(name, maxBytes, cancellationToken).AsTask()));

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => new(Done(() => container.FindAsync(name, cancellationToken).AsTask()));

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        Done(async () =>
        {
            await container.DeleteAsync(name, cancellationToken);
            return true;
        });
        return ValueTask.CompletedTask;
    }

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => Done(async () =>
    {
        var all = new List<ListedBlob>();
        await foreach (var blob in container.ListAsync(prefix, cancellationToken)) all.Add(blob);
        return all;
    }).ToAsyncEnumerable();

    // On the pool: what it waits for must not come back to the thread that waits here.
    private static T Done<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();
}
