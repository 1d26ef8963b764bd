using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;

namespace OrleansStream.Simulation.Clusters;

/// <summary>What a mutant puts between the shipped classes of each broker. This one changes nothing.</summary>
internal class ClusterMutation
{
    /// <summary>A broker's way to the container.</summary>
    public virtual IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => container;

    /// <summary>Where a lane's blocks go. Disposed with the lane.</summary>
    public virtual ILaneStore LaneStore(BlobLaneSetup setup, ClusterBroker broker) => new BlobLaneStore(setup);

    public virtual Lane NewLane(LaneSetup setup, ClusterBroker broker) => new(setup);

    public virtual PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(parts);

    /// <summary>What letting go takes.</summary>
    public virtual PartitionReleaseParts Release(PartitionReleaseParts parts) => parts;

    /// <summary>What answers other brokers' requests to let go.</summary>
    public virtual IPartitionReleases Releases(IPartitionReleases releases, ClusterBroker broker) => releases;

    /// <summary>What splitting reads blocks with.</summary>
    public virtual IBlockFrames Blocks(IBlockFrames blocks) => blocks;

    /// <summary>Beside the background work, when minutes go by.</summary>
    public virtual Task RestAsync(ClusterBroker broker) => Task.CompletedTask;

    /// <summary>Whether a broker that stood still tells of groups before it knows whether its session goes on.</summary>
    public virtual bool TellsOfGroupsWhileStalled => false;

    /// <summary>What asks other brokers to let go.</summary>
    public virtual ISessionOwners Owners(ISessionOwners owners, ClusterBroker broker) => owners;
}
