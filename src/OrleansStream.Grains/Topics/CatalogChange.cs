using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>One durable change of the catalog. Replaying all of them, in order, gives the catalog.</summary>
internal abstract record CatalogChange;

/// <summary>A topic was created or changed: its newest form.</summary>
internal sealed record TopicPut(Topic Topic) : CatalogChange;

/// <summary>A topic was deleted; its id is never used again.</summary>
internal sealed record TopicRemoved(TopicId Id) : CatalogChange;

/// <summary>Every producer id below this one is given away.</summary>
internal sealed record ProducerIdsAllocated(long Next) : CatalogChange;

/// <summary>The deletion of this topic has begun: from here on it is on its way out, and a restart finishes it (rule D3).</summary>
internal sealed record TopicDeletionBegun(TopicId Id) : CatalogChange;
