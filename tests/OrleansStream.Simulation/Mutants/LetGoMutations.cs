using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;

namespace OrleansStream.Simulation.Mutants;

/// <summary>An extent of the WAL that a manifest drops takes its file with it, though other partitions share that (rule D1).</summary>
internal sealed class DroppedWalMutation : Mutation
{
    private SimulatedBroker? _broker;

    public override void Started(SimulatedBroker broker) => _broker = broker;

    public override IManifestStore Manifests(IManifestStore manifests) => new MutantManifests(manifests)
    {
        OnEdit = (stands, next) =>
        {
            if (next.LogStart == stands.LogStart) return next;
            foreach (var dropped in stands.Extents.Except(next.Extents).OfType<WalExtent>())
            {
                foreach (var file in _broker!.Files.Of(dropped.Session)) _broker.Disk.Delete(file.Path);
            }

            return next;
        },
    };
}

/// <summary>The sweep takes files of the WAL that no manifest names for orphans (rule D5).</summary>
internal sealed class BlockSweepMutation : Mutation
{
    public override async Task AfterSweepAsync(SimulatedBroker broker)
    {
        var named = new HashSet<SessionId>();
        await foreach (var stored in broker.Manifests.ListAsync(CancellationToken.None)) named.UnionWith(stored.Manifest.Extents.OfType<WalExtent>().Select(extent => extent.Session));
        foreach (var file in broker.Files.Sessions.Where(session => !named.Contains(session)).SelectMany(broker.Files.Of))
        {
            if (file.IsClosed) broker.Disk.Delete(file.Path);
        }
    }
}

/// <summary>The sweep deletes what no manifest names and is nearly a day old, without breaking the writes that are under way (rule D4).</summary>
internal class DirectSweepMutation : Mutation
{
    // A little sooner than the shipped one, which would break the write.
    private static readonly TimeSpan Age = ObjectSweep.WriterTime - TimeSpan.FromHours(1);

    private readonly Dictionary<string, DateTimeOffset> _seen = [];

    public override async Task AfterSweepAsync(SimulatedBroker broker)
    {
        var names = new List<string>();
        await foreach (var name in broker.Objects!.ListAsync("p/", CancellationToken.None)) names.Add(name);
        var named = await WatchedObjects.NamedAsync(broker.Manifests);
        foreach (var name in names.Where(name => !named.Contains(name)))
        {
            _seen.TryAdd(name, broker.Now);
            if (broker.Now - _seen[name] >= Age) await broker.Objects.DeleteAsync(name, CancellationToken.None);
        }
    }
}

/// <summary>A writer that takes an undecided write for failed, and cleans up after it (rules M2, M4).</summary>
internal sealed class UndecidedMutation : Mutation
{
    private SimulatedBroker? _broker;

    public override void Started(SimulatedBroker broker) => _broker = broker;

    public override IManifestStore Manifests(IManifestStore manifests) => new MutantManifests(manifests)
    {
        OnUnknown = async (stands, next) =>
        {
            var names = NamesOf(next).Except(stands is null ? [] : NamesOf(stands));
            foreach (var name in names) await _broker!.Objects!.DeleteAsync(name, CancellationToken.None);
        },
    };

    private static IEnumerable<string> NamesOf(Manifest manifest) =>
        manifest.Extents.OfType<SegmentExtent>().Select(segment => segment.Name).Concat(manifest.Snapshot is { } snapshot ? [snapshot.Name] : []);
}

/// <summary>Sessions in which nobody has anything stay as they are (rule R5).</summary>
internal sealed class EmptySessionMutation : Mutation
{
    private SimulatedBroker? _broker;

    public override void Started(SimulatedBroker broker) => _broker = broker;

    public override ISessionStore Sessions(ISessionStore sessions) => new MutantSessions(sessions)
    {
        KeepsOpen = session => !_broker!.Recovery!.Sessions.First(recovered => recovered.Session == session).Partitions.Any(),
    };
}

/// <summary>The splitter reads only what was written in the newest epoch.</summary>
internal sealed class CutFilterMutation : Mutation
{
    private IManifestStore? _manifests;

    public override IManifestStore Manifests(IManifestStore manifests) => _manifests = manifests;

    // The journal's store answers at once.
    public override IExtentReader SplitExtents(IExtentReader extents) =>
        new MutantExtents(extents, partition => _manifests!.GetAsync(partition, CancellationToken.None).AsTask().Result?.Manifest.Epochs is [.., var last] ? last.StartOffset : Offset.Zero);
}

/// <summary>Offset and place in two critical sections: between the two, another append of the partition gets in (rule B2).</summary>
internal sealed class TwoSectionsMutation : Mutation
{
    private bool _isBetween;

    public override ILane Lane(ILane lane) => new MutantLane(lane)
    {
        OnEnqueue = request =>
        {
            if (_isBetween) return request;
            _isBetween = true;
            AppendMore?.Invoke(request.Partition.Partition);
            _isBetween = false;
            return request;
        },
    };
}

/// <summary>What was in flight when the lane ended is published all the same (rule B3).</summary>
internal sealed class LatePublicationMutation : Mutation
{
    public override Lane NewLane(LaneSetup setup) => new LateLane(setup);

    private sealed class LateLane(LaneSetup setup) : Lane(setup)
    {
        protected override bool PublishesAfterEnd => true;
    }
}
