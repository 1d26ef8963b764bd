using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Simulation.Brokers;

/// <summary>What a mutant puts between the shipped classes. This one changes nothing.</summary>
internal class Mutation
{
    public static Mutation None => new();

    /// <param name="disk">The simulated one.</param>
    /// <param name="isRecovering">Whether the broker is starting.</param>
    public virtual IDisk Disk(IDisk disk, Func<bool> isRecovering) => disk;

    public virtual ILaneStore Store(ILaneStore store) => store;

    public virtual ISessionStore Sessions(ISessionStore sessions) => sessions;

    public virtual IManifestStore Manifests(IManifestStore manifests) => manifests;

    public virtual ILane Lane(ILane lane) => lane;

    public virtual IRecoveredSessions Recovered(IRecoveredSessions recovered) => recovered;

    public virtual IObjectStore Objects(IObjectStore objects) => objects;

    /// <summary>The manifests as recovery sees them when it judges which sessions are needed.</summary>
    public virtual IManifestStore RecoveryManifests(IManifestStore manifests) => manifests;

    /// <summary>What the splitter reads.</summary>
    public virtual IExtentReader SplitExtents(IExtentReader extents) => extents;

    /// <summary>Makes a client append to a partition now, inside whatever is going on. Set by the schedule.</summary>
    public Action<PartitionId>? AppendMore { get; set; }

    /// <summary>The lane itself, where a rule lives inside it.</summary>
    public virtual Lane NewLane(LaneSetup setup) => new(setup);

    public virtual void Started(SimulatedBroker broker)
    {
    }

    /// <summary>Beside each look at partitions and objects.</summary>
    public virtual Task AfterSweepAsync(SimulatedBroker broker) => Task.CompletedTask;

    /// <summary>Whether the splitter also takes partitions that are being opened, which leaves the rules of claims alone to keep them whole.</summary>
    public virtual bool SplitsWhileOpening => false;

    public virtual PartitionOpener Opener(PartitionOpenerParts parts) => new(parts);
}
