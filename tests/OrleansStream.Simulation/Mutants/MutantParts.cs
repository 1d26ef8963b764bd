using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;

namespace OrleansStream.Simulation.Mutants;

/// <summary>The parts of shipped classes with some of them replaced.</summary>
internal static class MutantParts
{
    public static PartitionOpenerParts With(this PartitionOpenerParts parts, IManifestStore? manifests = null, IRecoveredSessions? recovered = null, Func<ILane>? currentLane = null, IExtentReader? extents = null) => new()
    {
        Manifests = manifests ?? parts.Manifests,
        CurrentLane = currentLane ?? parts.CurrentLane,
        Owners = parts.Owners,
        HasEnded = parts.HasEnded,
        OwnerPatience = parts.OwnerPatience,
        Stopping = parts.Stopping,
        Recovered = recovered ?? parts.Recovered,
        Handles = parts.Handles,
        Serving = parts.Serving,
        Extents = extents ?? parts.Extents,
        Objects = parts.Objects,
        ConfirmTopic = parts.ConfirmTopic,
        Random = parts.Random,
        Time = parts.Time,
        Producers = parts.Producers,
        Moved = parts.Moved,
    };

    public static PartitionReleaseParts With(this PartitionReleaseParts parts, Func<ILane> currentLane) => new()
    {
        Manifests = parts.Manifests,
        Handles = parts.Handles,
        CurrentLane = currentLane,
        Extents = parts.Extents,
        Objects = parts.Objects,
        Slabs = parts.Slabs,
        Scheduler = parts.Scheduler,
        Random = parts.Random,
        Segments = parts.Segments,
        Time = parts.Time,
        Moved = parts.Moved,
    };
}
