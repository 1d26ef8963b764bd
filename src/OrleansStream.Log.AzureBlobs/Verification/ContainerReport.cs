using OrleansStream.Log.Verification;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>What a verification found.</summary>
/// <param name="Findings">What is damaged or missing; none if all is whole.</param>
/// <param name="Sessions">Sessions that were read.</param>
/// <param name="Partitions">Partitions that were judged.</param>
/// <param name="Orphans">Objects that no manifest names. Broken off or lost writes leave them behind, and the sweep deletes them after a day: no damage.</param>
/// <param name="OrphanBytes">Their bytes.</param>
public sealed record ContainerReport(IReadOnlyList<Finding> Findings, int Sessions, int Partitions, long Orphans, long OrphanBytes)
{
    /// <summary>Whether all of the journal was read that gives words to findings.</summary>
    public bool HasAllNames { get; init; }
}
