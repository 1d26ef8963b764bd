using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Server.Hosting;

/// <summary>Asks the catalog's owner whether a topic exists. The log is there before the catalog that is kept in it, so the way to it is set later.</summary>
internal sealed class CatalogConfirmation
{
    public Func<TopicId, Task<bool>>? Catalog { get; set; }

    public async ValueTask<bool> ConfirmAsync(PartitionId partition, CancellationToken cancellationToken) =>
        HiddenTopics.Contains(partition.Topic) || (Catalog is { } catalog && await catalog(partition.Topic).WaitAsync(cancellationToken));
}
