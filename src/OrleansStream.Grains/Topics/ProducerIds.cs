using OrleansStream.Abstractions.Topics;
using OrleansStream.Model;

namespace OrleansStream.Grains.Topics;

/// <summary>Hands out producer ids from blocks that the catalog gives: one durable change for a thousand producers.</summary>
internal sealed class ProducerIds(IGrainFactory grains, TimeProvider time) : IProducerIds, IDisposable
{
    /// <summary>As in Kafka. What is left of a block when the broker stops is lost, which 63 bits can bear.</summary>
    private const int BlockSize = 1000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _refilling = new(1, 1);
    private readonly Lock _taking = new();
    private long _next;
    private long _end;

    public ValueTask<long> NextAsync(CancellationToken cancellationToken) =>
        TryTake() is { } id ? ValueTask.FromResult(id) : RefillAsync(cancellationToken);

    public void Dispose() => _refilling.Dispose();

    private long? TryTake()
    {
        lock (_taking)
        {
            return _next < _end ? _next++ : null;
        }
    }

    private async ValueTask<long> RefillAsync(CancellationToken cancellationToken)
    {
        await _refilling.WaitAsync(cancellationToken);
        try
        {
            if (TryTake() is { } id)
            {
                return id;
            }

            var first = await AllocateAsync(cancellationToken);
            lock (_taking)
            {
                _next = first + 1;
                _end = first + BlockSize;
            }

            return first;
        }
        finally
        {
            _refilling.Release();
        }
    }

    // A catalog that moves to another broker is away for a moment, and Orleans has many exceptions for that; clients know one answer.
    private async Task<long> AllocateAsync(CancellationToken cancellationToken)
    {
        using var tooLong = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        tooLong.CancelAfter(Limits.GrainCall);
        while (true)
        {
            try
            {
                return await grains.GetGrain<ICatalogGrain>(0).AllocateProducerIdsAsync(BlockSize, tooLong.Token).WaitAsync(tooLong.Token);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                if (tooLong.IsCancellationRequested)
                {
                    throw new TimeoutException("The catalog does not give out producer ids now.", exception);
                }
            }

            await Task.Delay(Pause, time, tooLong.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
