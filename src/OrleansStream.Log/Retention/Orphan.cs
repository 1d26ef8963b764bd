using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>An object of a partition that its manifest does not name, and that may go.</summary>
/// <param name="Name">The object's.</param>
/// <param name="Partition">Whose it was to be.</param>
/// <param name="Reason">Why nobody can come to name it, or hardly.</param>
/// <param name="Judged">The manifest that it was judged by; null: there is none.</param>
public sealed record Orphan(string Name, PartitionId Partition, OrphanReason Reason, Manifest? Judged);

/// <summary>Why an object may go (rules D3, D4).</summary>
public enum OrphanReason
{
    /// <summary>The epoch in its name has passed: whoever wrote it has lost the partition, and every write of his with it.</summary>
    EpochPassed,

    /// <summary>It is of the present epoch, and old. Its writer may still be about to name it, so the manifest is to be changed before it goes.</summary>
    Old,

    /// <summary>Its partition is deleted.</summary>
    PartitionDeleted,

    /// <summary>Its partition has no manifest. Only the owner of the catalog knows whether its topic exists.</summary>
    NoManifest,
}
