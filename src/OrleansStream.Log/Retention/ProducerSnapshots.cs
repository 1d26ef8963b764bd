using System.Buffers;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>
/// Saves the idempotent producers of partitions as objects that their manifests name (rule D6): so that opening a partition reads only the end of its log for
/// them, and records that go do not take the producers with them. Safe for any number of callers.
/// </summary>
/// <param name="manifests">Names the snapshots.</param>
/// <param name="objects">Where they stand.</param>
/// <param name="pending">Told of those that were replaced.</param>
/// <param name="random">For names. Locked while it is used.</param>
public sealed class ProducerSnapshots(ManifestEditor manifests, IObjectStore objects, PendingObjects pending, Random random)
{
    /// <summary>Bytes of batches after which <see cref="TendAsync"/> saves: about what an open may read within half a second. 32 MiB unless set.</summary>
    public long BytesBetween { get; init; } = 32L * Limits.MiB;

    /// <summary>Saves the producers if much was appended since the last time. Returns whether it did.</summary>
    /// <exception cref="LogException">Storage failed; the next call tries again.</exception>
    public async ValueTask<bool> TendAsync(PartitionHandle handle, CancellationToken cancellationToken) =>
        IsDue(handle) && await SaveAsync(handle, cancellationToken);

    /// <summary>Whether much was appended since the producers were saved.</summary>
    internal bool IsDue(PartitionHandle handle) => handle.BytesSinceProducerSnapshot >= BytesBetween && handle.IsOwner;

    /// <summary>To be called before records below the offset go: their producers are then in a snapshot.</summary>
    /// <returns>False if they are not: the records must stay, until a later call succeeds.</returns>
    /// <exception cref="LogException">Storage failed; the records must stay.</exception>
    public async ValueTask<bool> SaveBeforeAsync(PartitionHandle handle, Offset offset, CancellationToken cancellationToken)
    {
        if (handle.BytesSinceProducerSnapshot == 0 || Covers(handle, offset)) return true;
        if (await handle.TakeProducersAsync(cancellationToken) is not { } image) return false;

        // Whoever saved meanwhile may have covered it.
        return image.Count == 0 || await SaveAsync(handle, image, cancellationToken) || Covers(handle, offset);
    }

    private static bool Covers(PartitionHandle handle, Offset offset) => handle.Manifest.Snapshot?.CoversTo >= offset;

    // What is on its way to the disk is in the image too, so it counts only when all of that has arrived.
    private async ValueTask<bool> SaveAsync(PartitionHandle handle, CancellationToken cancellationToken) =>
        await handle.TakeProducersAsync(cancellationToken) is { } image && await SaveAsync(handle, image, cancellationToken);

    private async ValueTask<bool> SaveAsync(PartitionHandle handle, ProducerImage image, CancellationToken cancellationToken)
    {
        var name = $"{SegmentName.New(handle.Id, image.CoversTo, handle.Epoch, NewUnique())}.snapshot";
        if (!await objects.TryCreateAsync(name, new ReadOnlySequence<byte>(image.Encoded), cancellationToken)) return false;

        // Whatever comes of it, the object stays (rule M4): an undecided write may still name it, and the sweep knows an orphan.
        var edit = await handle.EditManifestAsync(manifests, manifest => WithSnapshot(manifest, new SnapshotReference(name, image.CoversTo)), cancellationToken);
        if (edit.Outcome != ManifestEditOutcome.Written) return false;

        handle.OnProducerSnapshot(image);
        if (!edit.Manifest!.PendingDelete.IsEmpty) pending.Watch(handle.Id);
        return true;
    }

    private static Manifest? WithSnapshot(Manifest manifest, SnapshotReference snapshot)
    {
        if (manifest.Snapshot is { } old && old.CoversTo >= snapshot.CoversTo) return null;
        return manifest with
        {
            Snapshot = snapshot,
            PendingDelete = manifest.Snapshot is { } replaced ? manifest.PendingDelete.Add(replaced.Name) : manifest.PendingDelete,
        };
    }

    private Guid NewUnique()
    {
        Span<byte> bytes = stackalloc byte[16];
        lock (random) random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
