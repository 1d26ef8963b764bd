using Orleans.Placement;
using Orleans.Runtime;

namespace OrleansStream.Grains.Placement;

/// <summary>The grain lives with the catalog's journal: it is the catalog, or does nothing but ask it.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("os.CatalogPlacement")]
internal sealed class CatalogPlacement : PlacementStrategy;

/// <summary>Marks such a grain.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class CatalogPlacementAttribute() : PlacementAttribute(new CatalogPlacement());
