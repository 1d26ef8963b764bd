using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>The one grain that owns names, topic ids, partition counts, configs and producer-id blocks. Key: 0.</summary>
[Alias("os.ICatalogGrain")]
public interface ICatalogGrain : IGrainWithIntegerKey
{
    /// <summary>Loads the catalog if it is not loaded, and publishes it to this broker's view. Called once at start.</summary>
    /// <exception cref="TimeoutException">It cannot be read now; call again.</exception>
    /// <exception cref="InvalidDataException">It is damaged, where the message says; calling again finds the same.</exception>
    [Alias("Load")]
    Task<long> LoadAsync(CancellationToken cancellationToken);

    /// <summary>Writes a topic that is new or changed. Refused with TOPIC_ALREADY_EXISTS where <paramref name="create"/> meets the name, and with INVALID_TOPIC_EXCEPTION where it differs from another only by '.' and '_'.</summary>
    [Alias("Put")]
    Task<TopicChange> PutAsync(Topic topic, bool create, CancellationToken cancellationToken);

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
