using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Clusters;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Simulation.Mutants;

/// <summary>The mutants of section 11 of the storage protocol that exist where several brokers share a container, by name.</summary>
internal static class ClusterMutants
{
    public static readonly IReadOnlyDictionary<string, Func<ClusterMutation>> All = new SortedDictionary<string, Func<ClusterMutation>>(Serving.Concat(UpkeepMutants.All).Concat(CarryMutants.All).Concat(DigestMutants.All).Concat(UndecidedMutants.All).ToDictionary(), StringComparer.Ordinal);

    private static Dictionary<string, Func<ClusterMutation>> Serving => new()
    {
        ["no closed-epoch check"] = () => new EpochMutation(inOpens: true, inReleases: true),
        ["release without closing the epoch"] = () => new EpochMutation(inOpens: false, inReleases: true),
        ["release that does not drain"] = () => new DrainMutation(),
        ["open in the own session without a manifest write"] = () => new ManifestMutation(store => new MutantManifests(store) { SkipsOwnClaims = true }),
        ["log end from published frames only"] = () => new LogEndMutation((manifest, lane) => lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero),
        ["log end from the manifest only"] = () => new LogEndMutation((manifest, _) => manifest.ExtentsEnd),
        ["log end without log start"] = () => new LogEndMutation((manifest, lane) =>
            Offset.Max(manifest.Extents.IsEmpty ? Offset.Zero : manifest.Extents[^1].LastOffset + 1, lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero)),
        ["recovery filtered by epoch"] = () => new RecoveredMutation((manifest, frames) => [.. frames.Where(frame => frame.LastOffset >= manifest.Epochs[^1].StartOffset)]),
        ["recovery leaves out the last run"] = () => new RecoveredMutation((_, frames) => [.. frames.SkipLast(1)]),
        ["own-session extents dropped"] = () => new ForgettingMutation(),
        ["hand-over drops inherited extents"] = () => new ReleaseMutation(static (answer, _, _) => answer.Log is { } log
            ? answer with { Log = log with { Extents = log.Extents.RemoveRange(0, Math.Min(log.Stored.Manifest.Extents.Length, log.Extents.Length)) } }
            : answer),
        ["hand-over of the manifest's extents only"] = () => new ReleaseMutation(static (answer, _, _) => answer.Log is { } log ? answer with { Log = log with { Extents = log.Stored.Manifest.Extents } } : answer),
        ["release of what was prepared only"] = () => new PreparedMutation(),
        ["release although the session changed"] = () => new ReleaseMutation(static (answer, stands, owner) => answer.Verdict == ReleaseVerdict.NotOwner && stands?.Manifest.Owner == owner
            ? new ReleaseAnswer(ReleaseVerdict.Released, new ReleasedLog(stands, stands.Manifest.Extents))
            : answer),
        ["conflict taken for success"] = () => new ManifestMutation(store => new MutantManifests(store) { ConflictIsSuccess = true }),
        ["no compare-and-set on the manifest"] = () => new ManifestMutation(store => new MutantManifests(store) { ComparesNothing = true }),
        ["claim sent again with a new ETag and old extents"] = () => new ManifestMutation(store => new MutantManifests(store) { SendsAgain = (stands, next) => next.Epoch >= stands.Epoch }),
        ["conflict on a block taken for success"] = () => new ContainerMutation(container => new MutantContainer(container) { BlockConflictIsSuccess = true }),
        ["conflict on a fence taken for fenced"] = () => new ContainerMutation(container => new MutantContainer(container) { FenceConflictIsSuccess = true }),
        ["any fence taken for the end"] = () => new ContainerMutation(container => new MutantContainer(container) { AnyFenceIsTheEnd = true }),
        ["walk from the highest slot"] = () => new ContainerMutation(container => new MutantContainer(container) { WalksFromTheHighestSlot = true }),
        ["no fence"] = () => new ContainerMutation(container => new MutantContainer(container) { FencesNothing = true }),
        ["acknowledge before durable"] = () => new StoreMutation(static store => new HastyStore(store)),
        ["what may be stored told as refused"] = () => new StoreMutation(static store => new CertainStore(store)),
        ["groups told of while stalled"] = () => new StalledGroupsMutation(),
        ["publish after the end"] = () => new LatePublicationMutation(),
    };

    private sealed class ContainerMutation(Func<IBlobContainer, IBlobContainer> change) : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => change(container);
    }

    private sealed class ManifestMutation(Func<IManifestStore, IManifestStore> change) : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(parts.With(manifests: change(parts.Manifests)));
    }

    private sealed class RecoveredMutation(Func<Manifest, IReadOnlyList<WalExtent>, IReadOnlyList<WalExtent>> change) : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(parts.With(recovered: new MutantRecovered(
            parts.Recovered, async (partition, frames) => change((await parts.Manifests.GetAsync(partition, CancellationToken.None))!.Manifest, frames))));
    }

    private sealed class LogEndMutation(Func<Manifest, ILane, Offset> logEnd) : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new OpenerWithLogEnd(parts, logEnd);
    }

    private sealed class OpenerWithLogEnd(PartitionOpenerParts parts, Func<Manifest, ILane, Offset> logEnd) : PartitionOpener(parts)
    {
        protected override Offset LogEnd(Manifest manifest, ILane lane) => logEnd(manifest, lane);
    }

    // A claim in the own session takes the manifest's extents for all there is.
    private sealed class ForgettingMutation : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(parts.With(manifests: new MutantManifests(parts.Manifests)
        {
            OnClaim = (stands, next) =>
            {
                if (stands.Owner == next.Owner) broker.Log!.Lanes.Current.Index.ForgetBelow(next.Partition, new Offset(long.MaxValue));
                return next;
            },
        }));
    }

    private sealed class EpochMutation(bool inOpens, bool inReleases) : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => inOpens ? new(parts.With(currentLane: Open(parts.CurrentLane))) : base.Opener(parts, broker);

        public override PartitionReleaseParts Release(PartitionReleaseParts parts) => inReleases ? parts.With(Open(parts.CurrentLane)) : parts;

        // One for each lane: whoever compares lanes compares these.
        private static Func<ILane> Open(Func<ILane> current)
        {
            var lanes = new Dictionary<ILane, ILane>();
            return () => lanes.TryGetValue(current(), out var known) ? known : lanes[current()] = new MutantLane(current()) { ClosesNoEpoch = true };
        }
    }

    private sealed class DrainMutation : ClusterMutation
    {
        public override PartitionReleaseParts Release(PartitionReleaseParts parts)
        {
            var lanes = new Dictionary<ILane, ILane>();
            return parts.With(() => lanes.TryGetValue(parts.CurrentLane(), out var known) ? known : lanes[parts.CurrentLane()] = new MutantLane(parts.CurrentLane()) { DrainsNothing = true });
        }
    }

    private sealed class ReleaseMutation(Func<ReleaseAnswer, StoredManifest?, SessionId, ReleaseAnswer> change) : ClusterMutation
    {
        public override IPartitionReleases Releases(IPartitionReleases releases, ClusterBroker broker) => new MutantReleases(releases, broker, change);
    }

    private sealed class MutantReleases(IPartitionReleases inner, ClusterBroker broker, Func<ReleaseAnswer, StoredManifest?, SessionId, ReleaseAnswer> change) : IPartitionReleases
    {
        public ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken) => inner.PrepareAsync(partition, owner, cancellationToken);

        public async ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken)
        {
            var answer = await inner.ReleaseAsync(partition, owner, cancellationToken);
            return change(answer, await broker.Manifests.GetAsync(partition, cancellationToken), owner);
        }
    }

    private sealed class PreparedMutation : ClusterMutation
    {
        private readonly Dictionary<(SessionId, PartitionId), ReleasedLog> _prepared = [];

        public override IPartitionReleases Releases(IPartitionReleases releases, ClusterBroker broker) => new PreparedReleases(releases, _prepared);

        private sealed class PreparedReleases(IPartitionReleases inner, Dictionary<(SessionId, PartitionId), ReleasedLog> prepared) : IPartitionReleases
        {
            public async ValueTask<ReleaseAnswer> PrepareAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken)
            {
                var answer = await inner.PrepareAsync(partition, owner, cancellationToken);
                if (answer.Log is { } log) prepared[(owner, partition)] = log;
                return answer;
            }

            public async ValueTask<ReleaseAnswer> ReleaseAsync(PartitionId partition, SessionId owner, CancellationToken cancellationToken)
            {
                var answer = await inner.ReleaseAsync(partition, owner, cancellationToken);
                return answer.Log is { } log && prepared.TryGetValue((owner, partition), out var known) && known.Stored.ETag == log.Stored.ETag
                    ? answer with { Log = log with { Extents = known.Extents } }
                    : answer;
            }
        }
    }

    private sealed class StoreMutation(Func<IPipelinedLaneStore, IPipelinedLaneStore> change) : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker) => new(setup with { Store = change((IPipelinedLaneStore)setup.Store) });
    }

    /// <summary>Says of all that has not landed that it stands nowhere.</summary>
    private sealed class CertainStore(IPipelinedLaneStore inner) : IPipelinedLaneStore
    {
        public int Depth => inner.Depth;

        public Slot DurableEnd => inner.DurableEnd;

        public EnqueueStatus Reserve(int bytes) => inner.Reserve(bytes);

        public void Write(ReadOnlySpan<LaneBlock> blocks) => inner.Write(blocks);

        public Slot GiveUp()
        {
            inner.GiveUp();
            return inner.DurableEnd;
        }

        public TimeSpan Tend(bool isLast) => inner.Tend(isLast);

        public void Forget(Slot below) => inner.Forget(below);
    }

    /// <summary>Takes for durable what was sent.</summary>
    private sealed class HastyStore(IPipelinedLaneStore inner) : IPipelinedLaneStore
    {
        private Slot _sent;

        public int Depth => inner.Depth;

        public Slot DurableEnd => _sent > inner.DurableEnd ? _sent : inner.DurableEnd;

        public EnqueueStatus Reserve(int bytes) => inner.Reserve(bytes);

        public void Write(ReadOnlySpan<LaneBlock> blocks)
        {
            inner.Write(blocks);
            _sent = blocks[^1].Slot.Next;
        }

        public Slot GiveUp() => inner.GiveUp();

        public TimeSpan Tend(bool isLast) => inner.Tend(isLast);

        public void Forget(Slot below) => inner.Forget(below);
    }

    private sealed class StalledGroupsMutation : ClusterMutation
    {
        public override bool TellsOfGroupsWhileStalled => true;
    }

    private sealed class LatePublicationMutation : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker) => new LateLane(setup);

        private sealed class LateLane(LaneSetup setup) : Lane(setup)
        {
            protected override bool PublishesAfterEnd => true;
        }
    }
}
