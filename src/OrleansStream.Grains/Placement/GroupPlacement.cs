using Orleans.Placement;
using Orleans.Runtime;

namespace OrleansStream.Grains.Placement;

/// <summary>A grain whose key is that of a group lives with the journal partition that keeps the group.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("os.GroupPlacement")]
internal sealed class GroupPlacement : PlacementStrategy;

/// <summary>Marks such a grain.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class GroupPlacementAttribute() : PlacementAttribute(new GroupPlacement());
