using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Joins small segments of open partitions into larger ones (rule S5): writes new objects, and swaps the extents in one manifest write. It streams; a segment of
/// the result is all that it holds. Frames are copied as they are, with their epochs and timestamps. One call at a time.
/// </summary>
public sealed class SegmentMerger(SegmentMergerParts parts)
{
    private const int StepBytes = Limits.MiB;

    private readonly SegmentNaming _naming = parts.Naming;
    private readonly SplitPauses _pauses = new(parts.Time);

    // Of each partition the manifest at which nothing was worth it: it is looked at again when it has another one.
    private readonly Dictionary<PartitionId, Manifest> _looked = [];

    /// <summary>Segments that were joined into others since the start.</summary>
    public long SegmentsMerged { get; private set; }

    /// <summary>Bytes of frames that were written again since the start.</summary>
    public long BytesMerged { get; private set; }

    /// <summary>Merges what is worth it, partition by partition. What fails keeps no other from being merged, and has a pause.</summary>
    public async ValueTask TendAsync(CancellationToken cancellationToken)
    {
        if (parts.Options.SmallBytes == 0) return;
        _pauses.ForgetOld();
        foreach (var handle in parts.Handles.All)
        {
            while (handle.IsOwner && !_pauses.IsPaused(handle.Id) && Find(handle) is { IsEmpty: false } inputs)
            {
                if (!await TryMergeAsync(handle, inputs, cancellationToken)) break;
            }
        }

        foreach (var partition in _looked.Keys.Where(partition => !parts.Handles.TryGet(partition, out _)).ToList()) _looked.Remove(partition);
    }

    /// <summary>The manifest with the merged segments in the place of those that they were made of, which are to be deleted; null if one of them is gone.</summary>
    internal static Manifest? WithMerged(Manifest manifest, ImmutableArray<SegmentExtent> inputs, ImmutableArray<SegmentExtent> merged)
    {
        if (merged.Any(segment => manifest.PendingDelete.Contains(segment.Name))) return null;
        var first = manifest.Extents.IndexOf(inputs[0]);
        if (first < 0 || first + inputs.Length > manifest.Extents.Length) return null;
        for (var i = 0; i < inputs.Length; i++)
        {
            if (!inputs[i].Equals(manifest.Extents[first + i])) return null;
        }

        return manifest with
        {
            Extents = manifest.Extents.RemoveRange(first, inputs.Length).InsertRange(first, merged),
            PendingDelete = manifest.PendingDelete.AddRange(inputs.Select(static input => input.Name)),
        };
    }

    private ImmutableArray<SegmentExtent> Find(PartitionHandle handle)
    {
        var manifest = handle.Manifest;
        if (_looked.TryGetValue(handle.Id, out var looked) && ReferenceEquals(looked, manifest)) return [];
        var inputs = MergeRule.Find(manifest.Extents, handle.Settings, parts.Options);
        if (inputs.IsEmpty) _looked[handle.Id] = manifest;
        return inputs;
    }

    private async ValueTask<bool> TryMergeAsync(PartitionHandle handle, ImmutableArray<SegmentExtent> inputs, CancellationToken cancellationToken)
    {
        try
        {
            await MergeAsync(handle, inputs, cancellationToken);
            _pauses.OnSplit(handle.Id);
            return true;
        }
        catch (LogException error)
        {
            _pauses.OnFailed(handle.Id);
            parts.OnFailed?.Invoke(handle.Id, error);
            return false;
        }
    }

    private async ValueTask MergeAsync(PartitionHandle handle, ImmutableArray<SegmentExtent> inputs, CancellationToken cancellationToken)
    {
        // What log start has passed is copied too: the result covers exactly what its parts did, or it could not take their place.
        var plan = new SplitPlan { Partition = handle.Id, Epoch = handle.Epoch, Handle = handle, Sources = [], From = inputs[0].BaseOffset, LogStart = Offset.Zero };
        await using var cut = new PartitionCut(parts.Cut, plan);
        foreach (var input in inputs) await CopyAsync(handle.Id, input, cut, cancellationToken);
        var merged = await cut.FinishAsync(cancellationToken);
        if (merged[0].BaseOffset != inputs[0].BaseOffset || merged[^1].LastOffset != inputs[^1].LastOffset)
            throw new LogException($"Partition {handle.Id}: segments of offsets {inputs[0].BaseOffset} to {inputs[^1].LastOffset} were read as {merged[0].BaseOffset} to {merged[^1].LastOffset}.");

        var by = new NamingOwner(handle.Id, handle.Session, handle.Epoch, handle);
        var edit = await _naming.EditAsync(by, cut, merged, manifest => WithMerged(manifest, inputs, merged), cancellationToken);
        if (edit.Outcome == ManifestEditOutcome.NotOwner) return; // What stands has a higher epoch, by which the sweep knows them (rule M4).

        // Decided. Retention may have dropped an input meanwhile: then what was written goes again, and what is left is looked at anew.
        cut.TakeBack(edit.Manifest!);
        if (!edit.Manifest!.PendingDelete.IsEmpty) parts.Pending.Watch(handle.Id);
        if (!edit.Manifest.Extents.Contains(merged[0])) return;
        SegmentsMerged += inputs.Length;
        BytesMerged += merged.Sum(static segment => segment.Bytes);
    }

    private async ValueTask CopyAsync(PartitionId partition, SegmentExtent input, PartitionCut cut, CancellationToken cancellationToken)
    {
        using var frames = new FrameList();
        for (var at = input.BaseOffset; at <= input.LastOffset;)
        {
            frames.Dispose();
            await parts.Extents.ReadAsync(partition, input, at, StepBytes, frames, cancellationToken);
            if (frames.Count == 0) throw new LogException($"Partition {partition}: nothing was found at offset {at} in '{input.Name}'.");
            for (var i = 0; i < frames.Count; i++) await cut.AddAsync(frames[i], cancellationToken);
            at = frames[frames.Count - 1].Entry.LastOffset + 1;
        }
    }
}
