using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Clusters;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Mutants of what brokers on a container do in the background: trims, splits, closing of sessions, deletion.</summary>
internal static class UpkeepMutants
{
    public static readonly IReadOnlyDictionary<string, Func<ClusterMutation>> All = new Dictionary<string, Func<ClusterMutation>>
    {
        ["delete before the trim record"] = () => new LaneMutation((setup, _) => setup with { Sessions = new MutantSessions(setup.Sessions) { BeforeTrim = below => setup.Store.Forget(below) } }),
        ["trim not frozen"] = () => new LaneMutation((setup, _) => setup with { Sessions = new MutantSessions(setup.Sessions) { TrimsAfterTheFence = true }, ReadGrace = TimeSpan.Zero }),
        ["trim above what is needed"] = () => new LaneMutation((setup, _) => setup with { Sessions = new MutantSessions(setup.Sessions) { TrimsTooFarBy = 3 } }),
        ["trim as far as is written"] = () => new TrimMutation((lane, publishedEnd, _) => Lowest(lane, new Slot(publishedEnd.Value + lane.BlocksInFlight), static _ => Offset.Zero)),
        ["deactivated partition not pinned"] = () => new TrimMutation((lane, publishedEnd, broker) => Lowest(lane, publishedEnd, partition => broker.Log!.Handles.TryGet(partition, out _) ? Offset.Zero : null)),
        ["split out of order"] = () => new EditMutation(static (stands, next) =>
            next with { Extents = [.. next.Extents.OfType<SegmentExtent>().Except(stands.Extents), .. next.Extents.Where(extent => extent is WalExtent || stands.Extents.Contains(extent))] }),
        ["split drops all Wal extents"] = () => new EditMutation(static (stands, next) =>
            next.Extents.OfType<SegmentExtent>().Except(stands.Extents).Any() ? next with { Extents = next.Extents.RemoveAll(static extent => extent is WalExtent) } : next),
        ["split leaves out a frame of a block"] = () => new HoleMutation(),
        ["no tombstone of a deleted topic"] = () => new ContainerMutation(static (name, bytes) => name.StartsWith("m/", StringComparison.Ordinal) && ManifestBytes.Read(name, bytes).Deleted),
        ["session without a record"] = () => new ContainerMutation(static (name, _) => name.StartsWith("s/", StringComparison.Ordinal), createsOnly: true),
        ["close when merely re-owned"] = () => new ReownedMutation(),
        ["sweep judges blocks"] = () => new BlockSweepMutation(),
        ["dead sessions without partitions never closed"] = () => new EmptySessionMutation(),
    };

    /// <summary>The lowest slot of what the lane holds, of each partition from an offset on; null leaves the partition out.</summary>
    internal static Slot Lowest(Lane lane, Slot below, Func<PartitionId, Offset?> from)
    {
        var holdings = new List<LaneHolding>();
        lane.Index.CopyBelow(below, holdings);
        var lowest = below;
        var extents = new List<WalExtent>();
        foreach (var holding in holdings)
        {
            if (from(holding.Partition) is not { } offset) continue;
            extents.Clear();
            lane.Index.CopyTo(holding.Partition, offset, extents);
            foreach (var extent in extents) lowest = Slot.Min(lowest, extent.FirstSlot);
        }

        return lowest;
    }

    private sealed class LaneMutation(Func<LaneSetup, ClusterBroker, LaneSetup> change) : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker) => new(change(setup, broker));
    }

    private sealed class TrimMutation(Func<Lane, Slot, ClusterBroker, Slot> target) : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker) => new TrimmingLane(setup, broker, target);

        private sealed class TrimmingLane(LaneSetup setup, ClusterBroker broker, Func<Lane, Slot, ClusterBroker, Slot> target) : Lane(setup)
        {
            protected override Slot TrimTarget(Slot publishedEnd) => target(this, publishedEnd, broker);
        }
    }

    private sealed class EditMutation(Func<Manifest, Manifest, Manifest> change) : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => new EditingContainer(container, change);
    }

    private sealed class ContainerMutation(Func<string, byte[], bool> isSwallowed, bool createsOnly = false) : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => new SwallowingContainer(container, isSwallowed, createsOnly);
    }

    /// <summary>Of two frames of a partition in a block one is cut, as far as both reach (rule S2).</summary>
    private sealed class HoleMutation : ClusterMutation
    {
        public override IBlockFrames Blocks(IBlockFrames blocks) => new HoledBlocks(blocks);

        private sealed class HoledBlocks(IBlockFrames inner) : IBlockFrames
        {
            public bool IsKnownToLack(SessionId session, Slot slot, FrameFilter isWanted) => inner.IsKnownToLack(session, slot, isWanted);

            public async ValueTask<int> ReadAsync(SessionId session, Slot slot, FrameFilter isWanted, FrameList into, CancellationToken cancellationToken)
            {
                using var frames = new FrameList();
                var requests = await inner.ReadAsync(session, slot, isWanted, frames, cancellationToken);
                for (var index = 0; index < frames.Count; index++)
                {
                    var (lease, entry) = frames[index];
                    if (index + 1 < frames.Count && frames[index + 1].Entry is var next && next.Partition == entry.Partition && next.BaseOffset == entry.LastOffset + 1)
                    {
                        entry = entry with { LastOffset = next.LastOffset };
                        index++;
                    }

                    into.Add(new LeasedFrame(lease.Again(LeaseHolder.Splitter), entry));
                }

                return requests;
            }
        }
    }

    /// <summary>A session is closed, with all its blocks, when every partition in it has another owner, though manifests still have extents into it (rule R4).</summary>
    private sealed class ReownedMutation : ClusterMutation
    {
        public override async Task RestAsync(ClusterBroker broker)
        {
            await foreach (var stored in broker.Sessions.ListAsync(CancellationToken.None))
            {
                if (stored.Record.State != SessionState.Fencing || stored.Record.End is null || await broker.Log!.Recovered.SummaryOfAsync(stored.Record.Session) is not { } summary) continue;
                var isNeeded = false;
                foreach (var partition in summary.Partitions.Keys) isNeeded |= (await broker.Manifests.GetAsync(partition, CancellationToken.None))?.Manifest.Owner == stored.Record.Session;
                if (isNeeded || !await broker.Sessions.CompareAndSetAsync(stored.Record with { State = SessionState.Closed }, stored.ETag, CancellationToken.None)) continue;
                await DeleteBlocksAsync(broker, stored.Record.Session);
            }
        }
    }

    /// <summary>The sweep takes blocks of sessions that no manifest names for orphans (rule D5).</summary>
    private sealed class BlockSweepMutation : ClusterMutation
    {
        public override async Task RestAsync(ClusterBroker broker)
        {
            var named = new HashSet<SessionId>();
            await foreach (var stored in broker.Manifests.ListAsync(CancellationToken.None)) named.UnionWith(stored.Manifest.Extents.OfType<WalExtent>().Select(static extent => extent.Session));
            await foreach (var stored in broker.Sessions.ListAsync(CancellationToken.None))
            {
                if (!named.Contains(stored.Record.Session)) await DeleteBlocksAsync(broker, stored.Record.Session);
            }
        }
    }

    /// <summary>Sessions in which nobody has anything stay as they are (rule R5).</summary>
    private sealed class EmptySessionMutation : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => new SwallowingContainer(container, IsClosingOfEmpty, createsOnly: false);

        // Its lane wrote no block.
        private static bool IsClosingOfEmpty(string name, byte[] bytes) => name.StartsWith("s/", StringComparison.Ordinal) && SessionBytes.Read(name, bytes) is { State: SessionState.Closed, End.Value: 0 };
    }

    private static async Task DeleteBlocksAsync(ClusterBroker broker, SessionId session)
    {
        var slots = new List<string>();
        await foreach (var blob in broker.Storage.ListAsync("w/", CancellationToken.None))
        {
            if (blob.Name.Contains(session.ToString(), StringComparison.Ordinal) && blob.Length > MutantContainer.FenceBytes) slots.Add(blob.Name);
        }

        foreach (var slot in slots) await broker.Storage.DeleteAsync(slot, CancellationToken.None);
    }
}
