using System.Runtime.CompilerServices;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Retention;

/// <summary>
/// Finds objects of partitions that no manifest names: what writes left that lost or never ended (rules D3, D4, M4). It changes nothing, and never looks at blocks
/// of a lane (D5): frames of a live lane stand in no manifest. One search at a time; the same object finds more the next time, where the store keeps no ages.
/// </summary>
/// <param name="store">Where manifests stand.</param>
/// <param name="objects">What is searched.</param>
/// <param name="time">Measures ages, where the store keeps none.</param>
public sealed class OrphanSearch(IManifestStore store, IObjectStore objects, TimeProvider time)
{
    // By this process's clock, so that no clock of another machine, and no change of ours, makes an object look old.
    private Dictionary<string, long> _firstSeen = new(StringComparer.Ordinal);

    /// <summary>Told of each manifest that was read. Must not throw.</summary>
    public Action<Manifest>? OnRead { get; init; }

    /// <summary>Judges every object once.</summary>
    /// <exception cref="LogException">Storage failed; what was found before counts.</exception>
    public async IAsyncEnumerable<Orphan> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var seen = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach (var (partition, listed) in ListedAsync(cancellationToken))
        {
            // The names first and the manifest after them: what is written and named meanwhile is then either not listed or found to be named.
            var manifest = (await store.GetAsync(partition, cancellationToken))?.Manifest;
            if (manifest is not null) OnRead?.Invoke(manifest);
            var named = manifest is null ? [] : NamesIn(manifest);
            foreach (var item in listed)
            {
                if (!named.Contains(item.Name) && Judge(item, manifest, seen) is { } reason) yield return new Orphan(item.Name, partition, reason, manifest);
            }
        }

        _firstSeen = seen;
    }

    /// <summary>All objects that the manifest names, those that are to be deleted included.</summary>
    internal static HashSet<string> NamesIn(Manifest manifest)
    {
        var names = new HashSet<string>(manifest.PendingDelete, StringComparer.Ordinal);
        foreach (var extent in manifest.Extents)
        {
            if (extent is SegmentExtent segment) names.Add(segment.Name);
        }

        if (manifest.Snapshot is { } snapshot) names.Add(snapshot.Name);
        return names;
    }

    // Names come in order, so those of a partition stand together: a million of them are never in memory at once.
    private async IAsyncEnumerable<(PartitionId Partition, List<Listed> Items)> ListedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var items = new List<Listed>();
        PartitionId? current = null;
        await foreach (var item in objects.ListWithAgesAsync(SegmentName.Root, cancellationToken))
        {
            if (!SegmentName.TryParse(item.Name, out var parsed)) continue;
            if (current is { } before && before != parsed.Value.Partition)
            {
                yield return (before, items);
                items = [];
            }

            current = parsed.Value.Partition;
            items.Add(new Listed(item.Name, parsed.Value.Epoch, item.Age));
        }

        if (current is { } last) yield return (last, items);
    }

    private OrphanReason? Judge(in Listed item, Manifest? manifest, Dictionary<string, long> seen)
    {
        if (manifest is null) return OrphanReason.NoManifest;
        if (manifest.Deleted) return OrphanReason.PartitionDeleted;
        if (item.Epoch < manifest.Epoch) return OrphanReason.EpochPassed;
        return AgeOf(item, seen) >= ObjectSweep.WriterTime ? OrphanReason.Old : null;
    }

    private TimeSpan AgeOf(in Listed item, Dictionary<string, long> seen)
    {
        if (item.Age is { } age) return age;
        var now = time.GetTimestamp();
        return time.GetElapsedTime(seen[item.Name] = _firstSeen.GetValueOrDefault(item.Name, now), now);
    }

    private readonly record struct Listed(string Name, LeaderEpoch Epoch, TimeSpan? Age);
}
