using System.Collections.Immutable;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>Names segments that were just written in a manifest (rules D4, M4). Safe for any number of callers.</summary>
/// <param name="Store">Where manifests stand.</param>
/// <param name="Manifests">Writes them.</param>
/// <param name="Objects">Where the segments stand.</param>
internal sealed record SegmentNaming(IManifestStore Store, ManifestEditor Manifests, IObjectStore Objects)
{
    /// <summary>
    /// Changes the manifest as long as the owner is who it was. A segment is named on top of a manifest alone that was read before the segment was seen to be
    /// there. A sweep in between changes the manifest, and a sweep before has deleted the segment.
    /// </summary>
    /// <param name="by">Whose work it is.</param>
    /// <param name="cut">That wrote the segments. They are its own again where the write is decided and does not name them.</param>
    /// <param name="segments">All that it wrote.</param>
    /// <param name="change">As for <see cref="ManifestEditor.EditAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait, not a write: the segments stay.</param>
    /// <exception cref="LogException">Storage failed, or a segment is gone.</exception>
    public async ValueTask<ManifestEdit> EditAsync(
        NamingOwner by, PartitionCut cut, ImmutableArray<SegmentExtent> segments, Func<Manifest, Manifest?> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = (await Store.GetAsync(by.Partition, cancellationToken))?.Manifest.Nonce;
            foreach (var segment in segments)
            {
                if (await Objects.LengthAsync(segment.Name, cancellationToken) < 0) throw new LogException($"The segment '{segment.Name}' is gone before it was named.");
            }

            var isOther = false;
            Manifest? Change(Manifest manifest) => (isOther = manifest.Nonce != seen) ? null : change(manifest);
            cut.HandOver();
            var edit = by.Handle is { } handle
                ? await handle.EditManifestAsync(Manifests, Change, cancellationToken)
                : await Manifests.EditAsync(by.Partition, by.Session, by.Epoch, Change, cancellationToken);
            if (edit.Outcome != ManifestEditOutcome.Unchanged || !isOther) return edit;
            if (segments.All(segment => edit.Manifest!.Extents.Contains(segment))) return edit; // An earlier try arrived after all.
            cut.TakeBack(edit.Manifest!);
        }
    }
}

/// <summary>For whom segments are named.</summary>
/// <param name="Partition">Whose they are.</param>
/// <param name="Session">The owner.</param>
/// <param name="Epoch">The owner's.</param>
/// <param name="Handle">The open partition; null if it is closed.</param>
internal readonly record struct NamingOwner(PartitionId Partition, SessionId Session, LeaderEpoch Epoch, PartitionHandle? Handle);
