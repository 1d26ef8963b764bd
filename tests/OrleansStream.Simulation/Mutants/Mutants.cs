using System.Runtime.CompilerServices;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;

namespace OrleansStream.Simulation.Mutants;

/// <summary>The mutants of section 11 of the storage protocol that exist on one broker with files, by name.</summary>
internal static class Mutants
{
    public static readonly IReadOnlyDictionary<string, Func<Mutation>> All = new SortedDictionary<string, Func<Mutation>>(StringComparer.Ordinal)
    {
        ["no data sync"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsSync = IsWal }),
        ["no data sync of the metadata journal"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsSync = IsMetadata }),
        ["no directory sync"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsDirectorySync = path => path == DataDirectory.WalDirectory }),
        ["no directory sync of the metadata journal"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsDirectorySync = path => path == DataDirectory.MetadataDirectory }),
        ["recovered bytes not synced again"] = () => new DiskMutation((disk, isRecovering) => new MutantDisk(disk)
        {
            SkipsSync = path => isRecovering() && IsWal(path), SkipsWrite = path => isRecovering() && IsWal(path),
        }),
        ["recovered bytes synced but not written again"] = () => new DiskMutation((disk, isRecovering) => new MutantDisk(disk) { SkipsWrite = path => isRecovering() && IsWal(path) }),
        ["failed write taken for success"] = () => new StoreMutation(store => new MutantStore(store) { SwallowsFailures = true }),
        ["publish out of order"] = () => new OwnerMutation(static owner => new SwappingOwner(owner).Owner),
        ["what may be stored told as refused"] = () => new OwnerMutation(static owner => new CertainOwner(owner)),
        ["no closed-epoch check"] = () => new LaneMutation(lane => new MutantLane(lane) { ClosesNoEpoch = true, DrainsNothing = true }),
        ["open in the own session without a manifest write"] = () => new ManifestMutation(store => new MutantManifests(store) { SkipsOwnClaims = true }),
        ["conflict taken for success"] = () => new ManifestMutation(store => new MutantManifests(store) { ConflictIsSuccess = true }),
        ["session without a record"] = () => new SessionMutation(store => new MutantSessions(store) { SkipsCreates = true }),
        ["trim above slots in flight"] = () => new SessionMutation(store => new MutantSessions(store) { TrimsTooFarBy = 3 }),
        ["log end from published frames only"] = () => new LogEndMutation((manifest, lane) => lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero),
        ["log end from the manifest only"] = () => new LogEndMutation((manifest, _) => manifest.ExtentsEnd),
        ["log end without log start"] = () => new LogEndMutation((manifest, lane) =>
            Offset.Max(manifest.Extents.IsEmpty ? Offset.Zero : manifest.Extents[^1].LastOffset + 1, lane.Index.PublishedEnd(manifest.Partition) ?? Offset.Zero)),
        ["log end from accepted frames"] = () => new AcceptedMutation(),
        ["recovery leaves out the last run"] = () => new RecoveredMutation((_, frames) => [.. frames.SkipLast(1)]),
        ["recovery filtered by epoch"] = () => new RecoveredMutation((manifest, frames) => [.. frames.Where(frame => frame.LastOffset >= manifest.Epochs[^1].StartOffset)]),
        ["no compare-and-set on the manifest"] = () => new ManifestMutation(store => new MutantManifests(store) { ComparesNothing = true }),
        ["hand-over drops inherited extents"] = () => new ManifestMutation(store => new MutantManifests(store)
        {
            OnClaim = (stands, next) => stands.Owner == next.Owner ? next : next with { Extents = next.Extents.RemoveAll(stands.Extents.Contains) },
        }),
        ["own-session extents dropped"] = () => new ForgettingMutation(),
        ["acknowledge before durable"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SyncsLate = IsWal }),
        ["publish after the end"] = () => new LatePublicationMutation(),
        ["offset and place in two critical sections"] = () => new TwoSectionsMutation(),
        ["trim as far as is written"] = () => new InFlightMutation(),
        ["deactivated partition not pinned"] = () => new UnpinnedMutation(),
        ["split out of order"] = () => new ManifestMutation(store => new MutantManifests(store)
        {
            OnEdit = (stands, next) => next with { Extents = [.. next.Extents.OfType<SegmentExtent>().Except(stands.Extents), .. next.Extents.Where(extent => extent is WalExtent || stands.Extents.Contains(extent))] },
        }),
        ["split drops all Wal extents"] = () => new ManifestMutation(store => new MutantManifests(store)
        {
            OnEdit = (stands, next) => next.Extents.OfType<SegmentExtent>().Except(stands.Extents).Any() ? next with { Extents = next.Extents.RemoveAll(extent => extent is WalExtent) } : next,
        }),
        ["cut filtered by epoch"] = () => new CutFilterMutation(),
        ["recovery filtered by slot"] = () => new RecoveredMutation((_, frames) => Rising(frames)),
        ["claim sent again with a new ETag and old extents"] = () => new ManifestMutation(store => new MutantManifests(store) { SendsAgain = (stands, next) => next.Epoch == stands.Epoch.Next }),
        ["old image after a conflict"] = () => new ManifestMutation(store => new MutantManifests(store) { SendsAgain = (stands, next) => next.Epoch <= stands.Epoch }),
        ["undecided write taken for failed"] = () => new UndecidedMutation(),
        ["close when merely re-owned"] = () => new ReownedMutation(),
        ["Wal extents into pendingDelete"] = () => new DroppedWalMutation(),
        ["sweep judges blocks"] = () => new BlockSweepMutation(),
        ["dead sessions without partitions never closed"] = () => new EmptySessionMutation(),
        ["no tombstone of a deleted topic"] = () => new ManifestMutation(store => new MutantManifests(store) { SkipsTombstones = true }),
        ["footer with a last offset that is too high"] = () => new FooterMutation(FooterMutation.LastOffsetTooHigh),
        ["footer that leaves out a partition"] = () => new FooterMutation(FooterMutation.LeavesOutAPartition),
        ["footer with a highest slot that is too low"] = () => new FooterMutation(FooterMutation.HighestSlotTooLow),
        ["records gone before their producers are saved"] = () => new ManifestMutation(store => new MutantManifests(store) { OnEdit = MendMutations.WithoutItsProducers }),
        ["producers of ended sessions not handed on"] = () => new UntoldProducersMutation(),
        ["tombstone forgotten in the life that wrote it"] = () => new ForgottenTombstoneMutation(),
        ["no data sync of segments and snapshots"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsSync = IsObject }),
        ["no directory sync of segments and snapshots"] = () => new DiskMutation((disk, _) => new MutantDisk(disk) { SkipsDirectorySync = IsObject }),
        ["closed-epoch check without the drain"] = () => new LaneMutation(lane => new MutantLane(lane) { DrainsNothing = true }),
    };

    // Frames that were carried forward stand in higher slots than those that follow them.
    private static IReadOnlyList<WalExtent> Rising(IReadOnlyList<WalExtent> frames)
    {
        var kept = new List<WalExtent>();
        foreach (var frame in frames)
        {
            if (kept.Count == 0 || frame.FirstSlot >= kept[^1].FirstSlot) kept.Add(frame);
        }

        return kept;
    }

    private static bool IsWal(string path) => path.StartsWith(DataDirectory.WalDirectory, StringComparison.Ordinal);

    private static bool IsObject(string path) => path.StartsWith(DataDirectory.ObjectDirectory, StringComparison.Ordinal);

    private static bool IsMetadata(string path) => path.StartsWith(DataDirectory.MetadataDirectory, StringComparison.Ordinal);

    internal sealed class DiskMutation(Func<IDisk, Func<bool>, IDisk> change) : Mutation
    {
        public override IDisk Disk(IDisk disk, Func<bool> isRecovering) => change(disk, isRecovering);
    }

    internal sealed class StoreMutation(Func<ILaneStore, ILaneStore> change) : Mutation
    {
        public override ILaneStore Store(ILaneStore store) => change(store);
    }

    private sealed class LaneMutation(Func<ILane, ILane> change) : Mutation
    {
        public override ILane Lane(ILane lane) => change(lane);
    }

    private sealed class OwnerMutation(Func<IFrameOwner, IFrameOwner> change) : Mutation
    {
        private readonly ConditionalWeakTable<IFrameOwner, IFrameOwner> _owners = [];

        public override ILane Lane(ILane lane) => new MutantLane(lane) { OnEnqueue = Swapped };

        private FrameRequest Swapped(FrameRequest request) => new()
        {
            Partition = request.Partition,
            Epoch = request.Epoch,
            BaseOffset = request.BaseOffset,
            LastOffset = request.LastOffset,
            MaxTimestampMs = request.MaxTimestampMs,
            Length = request.Length,
            Kind = request.Kind,
            Owner = _owners.GetValue(request.Owner, owner => change(owner)),
            State = request.State,
            LatencyClass = request.LatencyClass,
        };
    }

    private sealed class ManifestMutation(Func<IManifestStore, IManifestStore> change) : Mutation
    {
        public override IManifestStore Manifests(IManifestStore manifests) => change(manifests);
    }

    internal sealed class SessionMutation(Func<ISessionStore, ISessionStore> change) : Mutation
    {
        public override ISessionStore Sessions(ISessionStore sessions) => change(sessions);
    }

    private sealed class RecoveredMutation(Func<Manifest, IReadOnlyList<WalExtent>, IReadOnlyList<WalExtent>> change) : Mutation
    {
        private IManifestStore? _manifests;

        public override IManifestStore Manifests(IManifestStore manifests) => _manifests = manifests;

        public override IRecoveredSessions Recovered(IRecoveredSessions recovered) => new MutantRecovered(
            recovered, async (partition, frames) => change((await _manifests!.GetAsync(partition, CancellationToken.None))!.Manifest, frames));
    }

    private sealed class ReownedMutation : Mutation
    {
        public override IManifestStore RecoveryManifests(IManifestStore manifests) =>
            new MutantManifests(manifests) { OnGet = manifest => manifest with { Extents = manifest.Extents.RemoveAll(extent => extent is WalExtent) } };
    }

    private sealed class AcceptedMutation : Mutation
    {
        private readonly Dictionary<PartitionId, Offset> _accepted = [];

        public override ILane Lane(ILane lane) => new MutantLane(lane)
        {
            OnEnqueue = request =>
            {
                _accepted[request.Partition.Partition] = request.LastOffset + 1;
                return request;
            },
        };

        public override PartitionOpener Opener(PartitionOpenerParts parts) =>
            new OpenerWithLogEnd(parts, (manifest, _) => Offset.Max(manifest.ExtentsEnd, _accepted.GetValueOrDefault(manifest.Partition)));
    }

    // A claim in the own session takes the manifest's extents for all there is.
    private sealed class ForgettingMutation : Mutation
    {
        private ILane? _lane;

        public override ILane Lane(ILane lane) => _lane = lane;

        public override IManifestStore Manifests(IManifestStore manifests) => new MutantManifests(manifests)
        {
            OnClaim = (stands, next) =>
            {
                if (stands.Owner == next.Owner) _lane!.Index.ForgetBelow(next.Partition, new Offset(long.MaxValue));
                return next;
            },
        };
    }

    /// <summary>Delete before the trim record.</summary>
    internal sealed class EagerTrimMutation : Mutation
    {
        private ILaneStore? _store;

        public override ILaneStore Store(ILaneStore store) => _store = store;

        public override ISessionStore Sessions(ISessionStore sessions) => new MutantSessions(sessions) { BeforeTrim = below => _store!.Forget(below) };
    }

    private sealed class LogEndMutation(Func<Manifest, ILane, Offset> logEnd) : Mutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts) => new OpenerWithLogEnd(parts, logEnd);
    }

    private sealed class OpenerWithLogEnd(PartitionOpenerParts parts, Func<Manifest, ILane, Offset> logEnd) : PartitionOpener(parts)
    {
        protected override Offset LogEnd(Manifest manifest, ILane lane) => logEnd(manifest, lane);
    }
}
