using System.Buffers;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Containers;

/// <summary>A container of which it is told how long each call took, by operation and outcome.</summary>
/// <param name="inner">The container itself.</param>
/// <param name="metrics">Told of each call.</param>
/// <param name="time">Measures it.</param>
public sealed class MeasuredBlobContainer(IBlobContainer inner, StorageCallMetrics metrics, TimeProvider time) : IBlobContainer
{
    public async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
    {
        using var call = Begin(StorageCall.Put);
        var put = await inner.PutAsync(name, content, expected, nonce, cancellationToken);
        call.Outcome = put switch
        {
            { IsBusy: true } => StorageCall.Busy,
            { Outcome: BlobOutcome.Written } => StorageCall.Done,
            { Outcome: BlobOutcome.Conflict } => StorageCall.Conflict,
            _ => StorageCall.Unknown,
        };
        return put;
    }

    public async ValueTask<int> ReadAsync(string name, long position, Memory<byte> destination, CancellationToken cancellationToken)
    {
        using var call = Begin(StorageCall.Read);
        var length = await inner.ReadAsync(name, position, destination, cancellationToken);
        call.Outcome = length < 0 ? StorageCall.Missing : StorageCall.Done;
        return length;
    }

    public async ValueTask<BlobContent?> GetAsync(string name, int maxBytes, CancellationToken cancellationToken)
    {
        using var call = Begin(StorageCall.Get);
        var content = await inner.GetAsync(name, maxBytes, cancellationToken);
        call.Outcome = content is null ? StorageCall.Missing : StorageCall.Done;
        return content;
    }

    public async ValueTask<BlobFacts?> FindAsync(string name, CancellationToken cancellationToken)
    {
        using var call = Begin(StorageCall.Find);
        var facts = await inner.FindAsync(name, cancellationToken);
        call.Outcome = facts is null ? StorageCall.Missing : StorageCall.Done;
        return facts;
    }

    public async ValueTask DeleteAsync(string name, CancellationToken cancellationToken)
    {
        using var call = Begin(StorageCall.Delete);
        await inner.DeleteAsync(name, cancellationToken);
        call.Outcome = StorageCall.Done;
    }

    public async IAsyncEnumerable<ListedBlob> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Of the whole list, without what its caller does in between: a caller that deletes what is listed would be taken for a slow account.
        using var call = Begin(StorageCall.List);
        await using var blobs = inner.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (await blobs.MoveNextAsync())
        {
            call.Pause();
            yield return blobs.Current;
            call.GoOn();
        }

        call.Outcome = StorageCall.Done;
    }

    private Running Begin(string operation) => new(metrics, operation, time);

    // What ended with an exception, a cancellation too, has failed.
    private sealed class Running(StorageCallMetrics metrics, string operation, TimeProvider time) : IDisposable
    {
        private long _began = time.GetTimestamp();
        private TimeSpan _before;
        private bool _isPaused;

        public string Outcome { get; set; } = StorageCall.Failed;

        public void Pause()
        {
            _before += time.GetElapsedTime(_began);
            _isPaused = true;
        }

        public void GoOn()
        {
            _began = time.GetTimestamp();
            _isPaused = false;
        }

        // A caller may end a list while it is paused.
        public void Dispose() => metrics.Add(operation, Outcome, _isPaused ? _before : _before + time.GetElapsedTime(_began));
    }
}
