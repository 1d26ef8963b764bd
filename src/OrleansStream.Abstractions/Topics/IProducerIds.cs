namespace OrleansStream.Abstractions.Topics;

/// <summary>Producer ids for idempotent producers, unique in the cluster for ever, handed out from a block that this broker owns.</summary>
public interface IProducerIds
{
    /// <summary>Synchronous but for the call that fetches the next block. Throws <see cref="TimeoutException"/> while the catalog cannot answer: the client is told to try again.</summary>
    ValueTask<long> NextAsync(CancellationToken cancellationToken);
}
