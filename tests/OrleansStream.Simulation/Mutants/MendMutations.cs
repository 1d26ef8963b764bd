using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Faults that the log had once and that were mended, put back.</summary>
internal static class MendMutations
{
    /// <summary>Records go though their producers are in no snapshot (rule D6): what was to name it is answered and not written.</summary>
    public static Manifest WithoutItsProducers(Manifest stands, Manifest next) =>
        NamesOnlyASnapshot(stands, next) ? next with { Snapshot = stands.Snapshot, PendingDelete = stands.PendingDelete } : next;

    // A journal's snapshot moves log start in the same write.
    private static bool NamesOnlyASnapshot(Manifest stands, Manifest next) => next.Snapshot is not null && next.Snapshot != stands.Snapshot && next.LogStart == stands.LogStart && next.Extents.SequenceEqual(stands.Extents);
}

/// <summary>A tombstone is forgotten in the life that wrote it, though files of ended sessions still have frames of its partition.</summary>
internal sealed class ForgottenTombstoneMutation : Mutation
{
    public override IManifestStore RecoveryManifests(IManifestStore manifests) => new MutantManifests(manifests) { HidesTombstones = true };
}

/// <summary>Those who open a partition are told that nobody produced what stands in ended sessions. Journals have no producers.</summary>
internal sealed class UntoldProducersMutation : Mutation
{
    public override IRecoveredSessions Recovered(IRecoveredSessions recovered) => new MutantProducers(recovered) { Tells = Schedule.IsJournal };
}
