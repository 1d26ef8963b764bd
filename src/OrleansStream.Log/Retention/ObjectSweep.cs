using System.Collections.Immutable;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>What the sweep takes.</summary>
/// <param name="Store">Where manifests stand.</param>
/// <param name="Manifests">Writes them.</param>
/// <param name="Objects">What is swept.</param>
/// <param name="ConfirmTopic">Asks the owner of the catalog, never a local copy, whether the partition's topic exists. Hidden topics always do.</param>
/// <param name="CurrentLane">The lane of the current session.</param>
public sealed record SweepParts(
    IManifestStore Store, ManifestEditor Manifests, IObjectStore Objects, Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic, Func<ILane> CurrentLane);

/// <summary>
/// Finds objects of partitions that no manifest names: what writes left that lost or never ended (rules D3, D4, M4). It never looks at blocks of a lane (D5).
/// One run at a time.
/// </summary>
/// <param name="parts">What it takes.</param>
/// <param name="pending">Told of what it put on lists.</param>
/// <param name="time">The clock.</param>
public sealed class ObjectSweep(SweepParts parts, PendingObjects pending, TimeProvider time)
{
    /// <summary>How long an object of the present epoch may stand without being named: its writer can still be at work.</summary>
    public static readonly TimeSpan WriterTime = TimeSpan.FromHours(24);

    // By this process's clock, so that no clock of another machine, and no change of ours, makes an object look old.
    private Dictionary<string, long> _firstSeen = new(StringComparer.Ordinal);

    /// <summary>Judges every object once. Returns how many were deleted or put on lists.</summary>
    /// <exception cref="LogException">Storage failed; the next run goes on.</exception>
    public async ValueTask<int> RunAsync(CancellationToken cancellationToken)
    {
        // The names first and the manifests after them: a segment that is written and named meanwhile is then either not listed or found to be named.
        var listed = new Dictionary<PartitionId, List<(string Name, LeaderEpoch Epoch)>>();
        await foreach (var name in parts.Objects.ListAsync(SegmentName.Root, cancellationToken))
        {
            if (!SegmentName.TryParse(name, out var parsed)) continue;
            if (!listed.TryGetValue(parsed.Value.Partition, out var names)) listed[parsed.Value.Partition] = names = [];
            names.Add((name, parsed.Value.Epoch));
        }

        var swept = 0;
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (partition, names) in listed) swept += await SweepAsync(partition, names, seen, cancellationToken);
        _firstSeen = seen;
        return swept;
    }

    private async ValueTask<int> SweepAsync(PartitionId partition, List<(string Name, LeaderEpoch Epoch)> names, Dictionary<string, long> seen, CancellationToken cancellationToken)
    {
        var manifest = (await parts.Store.GetAsync(partition, cancellationToken))?.Manifest;
        if (manifest is null)
        {
            if (await parts.ConfirmTopic(partition, cancellationToken)) return 0;
            var lane = parts.CurrentLane();
            var edit = await parts.Manifests.EditAnyAsync(partition, stands => stands is null ? PartitionDeletion.TombstoneOf(null, partition, lane.Session) : null, cancellationToken);
            manifest = edit.Manifest!;
        }

        var named = NamesIn(manifest);
        var swept = 0;
        var old = ImmutableArray.CreateBuilder<string>();
        foreach (var (name, epoch) in names)
        {
            if (named.Contains(name)) continue;
            if (!manifest.Deleted && epoch < manifest.Epoch)
            {
                if (await pending.TryDeleteAsync(name, cancellationToken)) swept++;
            }
            else if (manifest.Deleted || IsOld(name, seen))
            {
                old.Add(name);
            }
        }

        return swept + await ListAsync(manifest, old.ToImmutable(), cancellationToken);
    }

    private bool IsOld(string name, Dictionary<string, long> seen)
    {
        var now = time.GetTimestamp();
        var since = seen[name] = _firstSeen.GetValueOrDefault(name, now);
        return time.GetElapsedTime(since, now) >= WriterTime;
    }

    // Onto the list by compare-and-set, which breaks every write that is still under way; deleted later, as what was dropped.
    private async ValueTask<int> ListAsync(Manifest judged, ImmutableArray<string> names, CancellationToken cancellationToken)
    {
        if (names.IsEmpty) return 0;
        var edit = await parts.Manifests.EditAnyAsync(judged.Partition, stands => WithPending(stands, judged, names), cancellationToken);
        if (edit.Outcome != ManifestEditOutcome.Written) return 0;
        pending.Watch(judged.Partition);
        return names.Length;
    }

    private static Manifest? WithPending(Manifest? stands, Manifest judged, ImmutableArray<string> names)
    {
        if (stands is null || stands.Epoch != judged.Epoch || stands.Deleted != judged.Deleted) return null;
        var named = NamesIn(stands);
        var orphans = names.RemoveAll(named.Contains);
        return orphans.IsEmpty ? null : stands with { PendingDelete = stands.PendingDelete.AddRange(orphans) };
    }

    private static HashSet<string> NamesIn(Manifest manifest)
    {
        var names = new HashSet<string>(manifest.PendingDelete, StringComparer.Ordinal);
        foreach (var extent in manifest.Extents)
        {
            if (extent is SegmentExtent segment) names.Add(segment.Name);
        }

        if (manifest.Snapshot is { } snapshot) names.Add(snapshot.Name);
        return names;
    }
}
