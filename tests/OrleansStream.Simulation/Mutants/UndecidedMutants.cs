using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Simulation.Clusters;

namespace OrleansStream.Simulation.Mutants;

/// <summary>Mutants of what becomes of a manifest's write that has not been heard of, met another one, or takes objects off the log (rules M2 to M4, D2).</summary>
internal static class UndecidedMutants
{
    public static readonly IReadOnlyDictionary<string, Func<ClusterMutation>> All = new Dictionary<string, Func<ClusterMutation>>
    {
        ["undecided write taken for failed"] = () => new EditsMutation(static container => new FailingContainer(container)),
        ["undecided claim taken for success"] = () => new HastyClaimMutation(),
        ["old image after a conflict"] = () => new EditsMutation(static container => new StubbornContainer(container)),
        ["grace counted from before the write"] = () => new EditsMutation(static container => new EagerContainer(container)),
    };

    private sealed class EditsMutation(Func<IBlobContainer, IBlobContainer> change) : ClusterMutation
    {
        public override IBlobContainer Container(IBlobContainer container, ClusterBroker broker) => change(container);
    }

    private sealed class HastyClaimMutation : ClusterMutation
    {
        public override PartitionOpener Opener(PartitionOpenerParts parts, ClusterBroker broker) => new(parts.With(manifests: new MutantManifests(parts.Manifests) { UnknownIsSuccess = true }));
    }

    /// <summary>Writes of manifests by their owner.</summary>
    private abstract class EditedContainer(IBlobContainer inner) : PassingContainer(inner)
    {
        private const int MaxBytes = 16 * 1024 * 1024;

        public override async ValueTask<BlobPut> PutAsync(string name, ReadOnlySequence<byte> content, ETag? expected, Guid nonce, CancellationToken cancellationToken)
        {
            if (!name.StartsWith("m/", StringComparison.Ordinal) || expected is null) return await base.PutAsync(name, content, expected, nonce, cancellationToken);
            var bytes = content.ToArray(); // Lent for the call.
            var next = ManifestBytes.Read(name, bytes);
            return await GetAsync(name) is var (stands, _) && stands.Epoch == next.Epoch && !next.Deleted
                ? await EditAsync(name, (stands, next), () => base.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected, nonce, cancellationToken), etag => base.PutAsync(name, new ReadOnlySequence<byte>(bytes), etag, nonce, cancellationToken))
                : await base.PutAsync(name, new ReadOnlySequence<byte>(bytes), expected, nonce, cancellationToken);
        }

        protected abstract ValueTask<BlobPut> EditAsync(string name, (Manifest Stands, Manifest Next) edit, Func<ValueTask<BlobPut>> put, Func<ETag, ValueTask<BlobPut>> putOn);

        protected async ValueTask<(Manifest Manifest, ETag ETag)?> GetAsync(string name) =>
            await Inner.GetAsync(name, MaxBytes, CancellationToken.None) is { } stands ? (ManifestBytes.Read(name, stands.Bytes), stands.ETag) : null;

        protected async ValueTask DeleteAsync(IEnumerable<string> objects)
        {
            foreach (var name in objects) await Inner.DeleteAsync(name, CancellationToken.None);
        }
    }

    /// <summary>Takes an undecided write for failed, and cleans up after it.</summary>
    private sealed class FailingContainer(IBlobContainer inner) : EditedContainer(inner)
    {
        protected override async ValueTask<BlobPut> EditAsync(string name, (Manifest Stands, Manifest Next) edit, Func<ValueTask<BlobPut>> put, Func<ETag, ValueTask<BlobPut>> putOn)
        {
            var written = await put();
            if (written.Outcome != BlobOutcome.Unknown) return written;
            await DeleteAsync(NamesOf(edit.Next).Except(NamesOf(edit.Stands)));
            throw new StorageException(name, "Write", "a mutant took it for failed");
        }

        private static IEnumerable<string> NamesOf(Manifest manifest) =>
            manifest.Extents.OfType<SegmentExtent>().Select(static segment => segment.Name).Concat(manifest.Snapshot is { } snapshot ? [snapshot.Name] : []);
    }

    /// <summary>After a conflict writes the same once more, on top of whatever stands.</summary>
    private sealed class StubbornContainer(IBlobContainer inner) : EditedContainer(inner)
    {
        protected override async ValueTask<BlobPut> EditAsync(string name, (Manifest Stands, Manifest Next) edit, Func<ValueTask<BlobPut>> put, Func<ETag, ValueTask<BlobPut>> putOn)
        {
            var written = await put();
            return written.Outcome == BlobOutcome.Conflict && await GetAsync(name) is var (_, etag) ? await putOn(etag) : written;
        }
    }

    /// <summary>Deletes what a write takes off the log as if its grace were over when the write is sent.</summary>
    private sealed class EagerContainer(IBlobContainer inner) : EditedContainer(inner)
    {
        protected override async ValueTask<BlobPut> EditAsync(string name, (Manifest Stands, Manifest Next) edit, Func<ValueTask<BlobPut>> put, Func<ETag, ValueTask<BlobPut>> putOn)
        {
            await DeleteAsync(edit.Next.PendingDelete.Except(edit.Stands.PendingDelete));
            return await put();
        }
    }
}
