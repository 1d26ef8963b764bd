using Orleans.Placement;
using Orleans.Runtime;

namespace OrleansStream.Grains.Placement;

/// <summary>A grain whose key is a partition lives on the broker that the partition is placed on.</summary>
[Serializable, GenerateSerializer, Immutable, Alias("os.PartitionPlacement")]
internal sealed class PartitionPlacement : PlacementStrategy;

/// <summary>Marks such a grain.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PartitionPlacementAttribute() : PlacementAttribute(new PartitionPlacement());
