using System.Buffers;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>A container of which nothing is changed through here, whatever is called.</summary>
internal sealed class ReadOnlyContainer(IBlobContainer inner) : IBlobContainer
{
    public ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) => throw Refused(name);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => throw Refused(name);

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => inner.GetAsync(name, maxBytes, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => inner.FindAsync(name, cancellationToken);

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    private static InvalidOperationException Refused(string name) => new($"'{name}' would be changed by somebody who only reads.");
}
