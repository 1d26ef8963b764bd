using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Topics;

/// <summary>One step from a version of the catalog to the next.</summary>
/// <param name="From">The version before: a view that is at another one cannot take the step.</param>
/// <param name="To">The version after.</param>
/// <param name="Put">The topic that is new, or its newest form; null if one was removed.</param>
/// <param name="Removed">The topic that was removed.</param>
[GenerateSerializer, Immutable, Alias("os.CatalogStep")]
public sealed record CatalogStep(long From, long To, Topic? Put, TopicId? Removed);
