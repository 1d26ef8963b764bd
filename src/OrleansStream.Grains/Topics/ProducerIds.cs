using OrleansStream.Abstractions.Topics;
using OrleansStream.Model;

namespace OrleansStream.Grains.Topics;

/// <summary>Hands out producer ids from blocks that the catalog gives: one durable change for a thousand producers.</summary>
internal sealed class ProducerIds(IGrainFactory grains) : IProducerIds, IDisposable
{
    /// <summary>As in Kafka. What is left of a block when the broker stops is lost, which 63 bits can bear.</summary>
    private const int BlockSize = 1000;

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

            var first = await grains.GetGrain<ICatalogGrain>(0).AllocateProducerIdsAsync(BlockSize, cancellationToken).WaitAsync(Limits.GrainCall, cancellationToken);
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
}
