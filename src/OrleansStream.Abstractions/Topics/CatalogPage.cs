using System.Collections.Immutable;

namespace OrleansStream.Abstractions.Topics;

/// <summary>A part of the catalog, in the order of names.</summary>
/// <param name="Version">Of the catalog that the page is from: pages of one catalog have one version.</param>
/// <param name="Topics">As many as one call carries.</param>
/// <param name="IsLast">There are no topics behind these.</param>
[GenerateSerializer, Immutable, Alias("os.CatalogPage")]
public sealed record CatalogPage(long Version, ImmutableArray<Topic> Topics, bool IsLast);
