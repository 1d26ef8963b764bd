using Orleans.Concurrency;
using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>The one grain that owns names, topic ids, partition counts, configs and producer-id blocks. Key: 0.</summary>
[Alias("os.ICatalogGrain")]
public interface ICatalogGrain : IGrainWithIntegerKey
{
    /// <summary>Loads the catalog if it is not loaded, and publishes it to the view of the broker that owns it. Answers its version.</summary>
    /// <exception cref="TimeoutException">It cannot be read now; call again.</exception>
    /// <exception cref="InvalidDataException">It is damaged, where the message says; calling again finds the same.</exception>
    [Alias("Load")]
    Task<long> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Topics behind a name, in the order of names, for brokers that copy the catalog.</summary>
    /// <param name="after">The last name of the page before; null to begin.</param>
    /// <exception cref="TimeoutException">It is not loaded here; call <see cref="LoadAsync"/>.</exception>
    [Alias("Page"), AlwaysInterleave]
    Task<CatalogPage> PageAsync(string? after);

    /// <summary>The topic of this name as it stands; null if there is none. REQUEST_TIMED_OUT while the catalog cannot be read.</summary>
    [Alias("Find")]
    Task<TopicChange> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a topic that is new or changed. A new one is refused with TOPIC_ALREADY_EXISTS if its name is taken, and with INVALID_TOPIC_EXCEPTION where it
    /// differs from another only by '.' and '_'. Writing again what stands already succeeds: the first try may not have been answered.
    /// </summary>
    /// <param name="topic">What is to stand.</param>
    /// <param name="basis">What it was made from; null for a new one. REQUEST_TIMED_OUT if something else stands by now: make it anew.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [Alias("Put")]
    Task<TopicChange> PutAsync(Topic topic, Topic? basis, CancellationToken cancellationToken);

    /// <summary>Waits until every live broker has heard of the catalog as it is now, and no longer than a second.</summary>
    [Alias("Spread"), AlwaysInterleave]
    Task SpreadAsync();

    /// <summary>Removes the topic; tombstones of all its partitions are written before its id is forgotten (rule D3).</summary>
    [Alias("Remove")]
    Task<TopicChange> RemoveAsync(string name, TopicId id, CancellationToken cancellationToken);

    /// <summary>The first of <paramref name="count"/> producer ids that no one ever had; durable before it is answered.</summary>
    [Alias("AllocateProducerIds")]
    Task<long> AllocateProducerIdsAsync(int count, CancellationToken cancellationToken);

    /// <summary>Whether the catalog's owner knows this id (rule O1: never a local copy).</summary>
    [Alias("Knows")]
    Task<bool> KnowsAsync(TopicId id, CancellationToken cancellationToken);
}
