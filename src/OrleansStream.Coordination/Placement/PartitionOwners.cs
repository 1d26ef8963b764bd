using System.Globalization;
using System.IO.Hashing;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Placement;

/// <summary>Which silo owns each partition of a topic: rendezvous hashing with a cap, computed alike by every broker from one membership version. See docs/formats/placement.md.</summary>
public static class PartitionOwners
{
    /// <summary>Gives every partition of one topic a silo; no silo gets more than ceil(partitions / silos).</summary>
    /// <param name="topic">The topic's id.</param>
    /// <param name="partitionCount">0 or more.</param>
    /// <param name="siloNames">Stable names of the silos that may own, each once, in any order.</param>
    /// <param name="hash">The cluster's seed and version.</param>
    /// <returns>For partition i the name of its owner; empty if there is no silo.</returns>
    public static IReadOnlyList<string> Of(TopicId topic, int partitionCount, IReadOnlyCollection<string> siloNames, PlacementHash hash) => throw new NotImplementedException();
}
