using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>One broker's way to the container. While it is frozen nothing that the broker asks for arrives; it does when the broker wakes.</summary>
internal sealed class FreezableContainer(IBlobContainer container) : IBlobContainer
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _frozen;
    private int _waiting;

    /// <summary>Calls that wait for the broker to wake.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Fails instead of asking, if it says so.</summary>
    public Func<BlobCallKind, string, StorageException?>? Fault { get; set; }

    public void Freeze()
    {
        lock (_gate) _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Thaw()
    {
        TaskCompletionSource? frozen;
        lock (_gate) (frozen, _frozen) = (_frozen, null);
        frozen?.SetResult();
    }

    public async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.Put, name, cancellationToken);
        return await container.PutAsync(name, content, expected, nonce, cancellationToken);
    }

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.Read, name, cancellationToken);
        return await container.ReadAsync(name, position, destination, cancellationToken);
    }

    public async ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.Get, name, cancellationToken);
        return await container.GetAsync(name, maxBytes, cancellationToken);
    }

    public async ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.Find, name, cancellationToken);
        return await container.FindAsync(name, cancellationToken);
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.Delete, name, cancellationToken);
        await container.DeleteAsync(name, cancellationToken);
    }

    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await PassAsync(BlobCallKind.List, prefix, cancellationToken);
        await foreach (var blob in container.ListAsync(prefix, cancellationToken)) yield return blob;
    }

    private async ValueTask PassAsync(BlobCallKind kind, string name, CancellationToken cancellationToken)
    {
        Task? frozen;
        lock (_gate) frozen = _frozen?.Task;
        if (frozen is not null)
        {
            Interlocked.Increment(ref _waiting);
            try
            {
                await frozen.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }

        if (Fault?.Invoke(kind, name) is { } fault) throw fault;
    }
}
