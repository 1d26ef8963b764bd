using System.Buffers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Clusters;

namespace OrleansStream.Simulation.Mutants;

/// <summary>
/// Mutants of what stands in the place of blocks when a session is recovered: digests, which a lane leaves beside its blocks (docs/adr/0015), and what digests,
/// summaries and segments tell of producers.
/// </summary>
internal static class DigestMutants
{
    public static readonly IReadOnlyDictionary<string, Func<ClusterMutation>> All = new Dictionary<string, Func<ClusterMutation>>
    {
        ["digest before its blocks are durable"] = () => new EarlyDigestMutation(),
        ["digest that leaves out what its blocks hold"] = () => new RewrittenMutation(DigestBytes.WithoutPartitions),
        ["digest with a last offset that is too low"] = () => new RewrittenMutation(DigestBytes.WithLowerLastOffset),
        ["digest that disagrees with the block after it"] = () => new RewrittenMutation(DigestBytes.WithOtherLastChecksum),
        ["producers of ended sessions not handed on"] = () => new ProducersMutation(static parts => parts.With(recovered: new MutantProducers(parts.Recovered))),
        ["producers of segments not handed on"] = () => new ProducersMutation(static parts => parts.With(extents: new MutantSegments(parts.Extents!))),
    };

    private sealed class ProducersMutation(Func<PartitionOpenerParts, PartitionOpenerParts> change) : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(change(parts));
    }

    private sealed class RewrittenMutation(Func<byte[], byte[]> change) : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => new Rewriting(container, change);
    }

    private sealed class Rewriting(IBlobContainer inner, Func<byte[], byte[]> change) : PassingContainer(inner)
    {
        public override ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) =>
            base.PutAsync(name, IsDigest(name) ? new ReadOnlySequence<byte>(change(content.ToArray())) : content, expected, nonce, cancellationToken);
    }

    /// <summary>Digests come from a second store, for which every block stands as soon as it is sent.</summary>
    private sealed class EarlyDigestMutation : ClusterMutation
    {
        public override ILaneStore LaneStore(BlobLaneSetup setup, ClusterBroker broker)
        {
            var blocks = new BlobLaneStore(setup with { Container = new SwallowingContainer(setup.Container, static (name, _) => IsDigest(name), createsOnly: false) });
            var digests = new BlobLaneStore(setup with { Container = new BlocksStand(setup.Container), Watch = null, Wake = static () => { } });
            return new TwoStores(blocks, digests);
        }
    }

    private static bool IsDigest(string name) => name.StartsWith("d/", StringComparison.Ordinal);

    private sealed class BlocksStand(IBlobContainer inner) : PassingContainer(inner)
    {
        public override ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken) =>
            IsDigest(name) ? base.PutAsync(name, content, expected, nonce, cancellationToken) : new(new BlobPut(BlobOutcome.Written, new ETag("0")));
    }

    private sealed class TwoStores(BlobLaneStore blocks, BlobLaneStore digests) : IPipelinedLaneStore, IAsyncDisposable
    {
        public int Depth => blocks.Depth;

        public long Throttled => blocks.Throttled;

        public Slot DurableEnd => blocks.DurableEnd;

        public EnqueueStatus Reserve(int bytes) => blocks.Reserve(bytes);

        public void Write(ReadOnlySpan<LaneBlock> written)
        {
            digests.Write(written);
            blocks.Write(written);
        }

        public Slot GiveUp()
        {
            digests.GiveUp();
            return blocks.GiveUp();
        }

        public TimeSpan Tend(bool isLast) => blocks.Tend(isLast);

        public void Forget(Slot below) => blocks.Forget(below);

        public async ValueTask DisposeAsync()
        {
            await digests.DisposeAsync();
            await blocks.DisposeAsync();
        }
    }
}
