using System.Buffers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>A container whose writes are put down in a ledger as the account charges for them (docs/operations/costs.md).</summary>
/// <param name="inner">The container itself. Every put of this broker goes through here, each once.</param>
/// <param name="ledger">The broker's.</param>
public sealed class PricedBlobContainer(IBlobContainer inner, WriteLedger ledger) : IBlobContainer
{
    public async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        var bytes = content.Length; // The content is lent for the call.
        BlobPut put;
        try
        {
            put = await inner.PutAsync(name, content, expected, nonce, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Charge(name, bytes); // It may have been done.
            throw;
        }

        // A condition that did not hold is charged for as any other write; what a busy account refused is not.
        if (put.IsBusy) ledger.AddThrottled();
        else Charge(name, bytes);
        return put;
    }

    public ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken) => inner.ReadAsync(name, position, destination, cancellationToken);

    public ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken) => inner.GetAsync(name, maxBytes, cancellationToken);

    public ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken) => inner.FindAsync(name, cancellationToken);

    public ValueTask DeleteAsync(string name, CancellationToken cancellationToken) => inner.DeleteAsync(name, cancellationToken);

    public IAsyncEnumerable<ListedBlob> ListAsync(string prefix, CancellationToken cancellationToken) => inner.ListAsync(prefix, cancellationToken);

    private void Charge(string name, long bytes)
    {
        var (kind, topic) = BlobNames.PurposeOf(name);
        ledger.Add(kind, bytes, topic);
    }
}
