using System.Buffers;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Clusters;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Mutants of frames that brokers on a container append again, their own and those of dead sessions (rule S4).</summary>
internal static class CarryMutants
{
    public static readonly IReadOnlyDictionary<string, Func<ClusterMutation>> All = new Dictionary<string, Func<ClusterMutation>>
    {
        ["carry replaces the slot before publication"] = () => new EarlyMutation(),
        ["a carried frame forgotten"] = () => new ForgottenMutation(),
        ["inherited extents dropped before the carried block is published"] = () => new HastyDropMutation(),
    };

    // Everything below the high watermark was appended before.
    private static bool IsCarried(ClusterBroker broker, in FrameEntry frame) =>
        broker.Log is { } log && log.Handles.TryGet(frame.Partition, out var handle) && frame.LastOffset < handle.HighWatermark;

    /// <summary>The old slot of a frame is given up when it is sent again, and before it stands.</summary>
    private sealed class EarlyMutation : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker)
        {
            EarlyLane? lane = null;
            lane = new EarlyLane(setup with { TrimInterval = TimeSpan.Zero, Store = new StoreTap(setup.Store, blocks => lane!.OnWrite(blocks)) }, broker);
            return lane;
        }

        private sealed class EarlyLane(LaneSetup setup, ClusterBroker broker) : Lane(setup)
        {
            private readonly List<(PartitionId Partition, Offset End, Slot Slot)> _underWay = [];

            public void OnWrite(ReadOnlySpan<LaneBlock> blocks)
            {
                var before = _underWay.Count;
                foreach (var block in blocks)
                {
                    foreach (ref readonly var frame in block.Frames)
                    {
                        if (IsCarried(broker, frame)) _underWay.Add((frame.Partition, frame.LastOffset + 1, block.Slot));
                    }
                }

                // One that storage refuses is no fault of the schedule: the next one goes further.
                if (_underWay.Count > before) broker.Scheduler.Post(() => _ = TrimAsync(CancellationToken.None).AsTask());
            }

            protected override Slot TrimTarget(Slot publishedEnd)
            {
                _underWay.RemoveAll(carried => carried.Slot < publishedEnd);
                return UpkeepMutants.Lowest(this, publishedEnd, partition => _underWay.Where(carried => carried.Partition == partition).Select(static carried => carried.End).Append(Offset.Zero).Max());
            }
        }
    }

    /// <summary>A frame that was appended again is in the index no longer.</summary>
    private sealed class ForgottenMutation : ClusterMutation
    {
        public override Lane NewLane(LaneSetup setup, ClusterBroker broker)
        {
            Lane? lane = null;
            lane = new Lane(setup with { Observer = new Watcher(setup.Observer!, broker, (partition, end) => lane!.Index.ForgetBelow(partition, end)) });
            return lane;
        }

        private sealed class Watcher(ILaneObserver inner, ClusterBroker broker, Action<PartitionId, Offset> forget) : ILaneObserver
        {
            public void OnBlockPublished(Block block)
            {
                inner.OnBlockPublished(block);
                foreach (ref readonly var frame in block.Frames)
                {
                    var (partition, end) = (frame.Partition, frame.LastOffset + 1);
                    if (IsCarried(broker, frame)) broker.Scheduler.Post(() => forget(partition, end));
                }
            }

            public void OnOwnerFailed(Exception error) => inner.OnOwnerFailed(error);
        }
    }

    /// <summary>The extents of dead sessions go from the manifest when their frames are sent again, and before these stand.</summary>
    private sealed class HastyDropMutation : ClusterMutation
    {
        // What is under way on each broker: its next block may take as long.
        private readonly Dictionary<ClusterBroker, List<Task>> _drops = [];

        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => new SlowBlocks(container, _drops[broker] = []);

        public override Lane NewLane(LaneSetup setup, ClusterBroker broker)
        {
            var sent = new List<FrameEntry>();
            return new Lane(setup with { Store = new StoreTap(setup.Store, blocks => OnWrite(blocks, setup.Session, broker, sent)) });
        }

        private void OnWrite(ReadOnlySpan<LaneBlock> blocks, SessionId own, ClusterBroker broker, List<FrameEntry> sent)
        {
            foreach (var block in blocks)
            {
                foreach (ref readonly var frame in block.Frames)
                {
                    if (!IsCarried(broker, frame)) continue;
                    sent.Add(frame);
                    _drops[broker].Add(DropAsync(broker, own, frame.Partition, sent));
                }
            }
        }

        private sealed class SlowBlocks(IBlobContainer inner, List<Task> drops) : PassingContainer(inner)
        {
            public override async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
            {
                if (name.StartsWith("w/", StringComparison.Ordinal)) await Task.WhenAll(drops.ToList());
                drops.RemoveAll(static drop => drop.IsCompleted);
                return await base.PutAsync(name, content, expected, nonce, cancellationToken);
            }
        }

        private static async Task DropAsync(ClusterBroker broker, SessionId own, PartitionId partition, List<FrameEntry> sent)
        {
            if (!broker.Log!.Handles.TryGet(partition, out var handle)) return;
            var editor = new ManifestEditor(broker.Manifests, new Random(1), broker.Time);
            try
            {
                await handle.EditManifestAsync(editor, manifest => Without(manifest, own, sent), CancellationToken.None);
            }
            catch (Log.LogException)
            {
                // They stay.
            }
        }

        private static Manifest? Without(Manifest manifest, SessionId own, List<FrameEntry> sent)
        {
            var kept = manifest.Extents.Length;
            while (kept > 0 && manifest.Extents[kept - 1] is WalExtent extent && extent.Session != own && IsSent(manifest, extent, sent)) kept--;
            return kept == manifest.Extents.Length ? null : manifest with { Extents = manifest.Extents.RemoveRange(kept, manifest.Extents.Length - kept) };
        }

        private static bool IsSent(Manifest manifest, WalExtent extent, List<FrameEntry> sent)
        {
            var at = Offset.Max(extent.BaseOffset, manifest.LogStart);
            foreach (var frame in sent.Where(frame => frame.Partition == manifest.Partition).OrderBy(static frame => frame.BaseOffset))
            {
                if (frame.BaseOffset <= at && frame.LastOffset >= at) at = frame.LastOffset + 1;
            }

            return at > extent.LastOffset;
        }
    }
}
