using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>The second half of carrying frames of a dead session (rule S4): once all of them are published here, one manifest write drops the extents they stood in.</summary>
internal static class InheritedCarry
{
    /// <summary>Whether nothing that stays in the manifest follows the extents: without them it would have a hole.</summary>
    public static bool IsPossible(Manifest manifest, int segments, int inherited) => inherited > 0 && segments + inherited == manifest.Extents.Length;

    /// <summary>Drops the plan's extents.</summary>
    /// <param name="lane">In which their frames were appended again.</param>
    /// <param name="plan">All of whose sources were carried, and settled.</param>
    /// <param name="manifests">Writes the manifest.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <exception cref="LogException">Not all of it is published, or the manifest is another one by now: the extents stay, and the copies are covered by them.</exception>
    public static async ValueTask DropAsync(ILane lane, SplitPlan plan, ManifestEditor manifests, CancellationToken cancellationToken)
    {
        // What was lost with the lane, or forgotten since, is not here: what the manifest names is then all there is of it.
        var first = Offset.Max(plan.Sources[0].BaseOffset, plan.LogStart);
        if (lane.End is not null || !lane.Index.Holds(plan.Partition, first, plan.Sources[^1].LastOffset))
            throw new LogException($"Partition {plan.Partition}: offsets {first} to {plan.Sources[^1].LastOffset} were appended again, and not all of it was published.");

        var edit = await plan.Handle!.EditManifestAsync(manifests, manifest => Without(manifest, plan.Sources), cancellationToken);
        if (edit.Outcome == ManifestEditOutcome.Unchanged)
            throw new LogException($"Partition {plan.Partition}: the manifest no longer has what offsets {first} to {plan.Sources[^1].LastOffset} were carried from.");
    }

    /// <summary>The manifest without exactly these extents; null if one of them is gone, or one that stays follows them.</summary>
    internal static Manifest? Without(Manifest manifest, ImmutableArray<WalExtent> carried)
    {
        var kept = manifest.Extents.Length - carried.Length;
        if (kept < 0) return null;
        for (var i = 0; i < carried.Length; i++)
        {
            if (!carried[i].Equals(manifest.Extents[kept + i])) return null;
        }

        return manifest with { Extents = manifest.Extents.RemoveRange(kept, carried.Length) };
    }
}
