using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Simulation.Brokers;
using OrleansStream.Testing.Disks;

namespace OrleansStream.Simulation.Schedules;

/// <summary>What must be on the disk and what must not, once upkeep had its time.</summary>
internal static class Leftovers
{
    /// <summary>Time that upkeep needs, with a look after each: orphans of the present epoch are a day old before they go, and what goes has its grace.</summary>
    public static readonly TimeSpan[] Passes = [TimeSpan.FromMinutes(2), TimeSpan.FromHours(25), TimeSpan.FromHours(25), TimeSpan.FromMinutes(12), TimeSpan.FromMinutes(12)];

    public static async Task CheckAsync(SimulatedBroker broker, SimulatedDisk disk)
    {
        var named = await WatchedObjects.NamedAsync(broker.Manifests);
        var stored = disk.AllFiles().Where(IsObject).Select(path => path[(path.LastIndexOf('/') + 1)..].Replace('+', '/')).ToHashSet();
        if (stored.Except(named).FirstOrDefault() is { } orphan) throw new ViolationException($"'{orphan}' is named by no manifest and was not deleted");
        if (named.Except(stored).FirstOrDefault() is { } missing) throw new ViolationException($"'{missing}' is named by a manifest and is gone");

        var needed = new HashSet<SessionId> { broker.Lane.Session };
        await foreach (var manifest in broker.Manifests.ListAsync(CancellationToken.None))
        {
            if (manifest.Manifest.Deleted) continue;
            needed.Add(manifest.Manifest.Owner);
            needed.UnionWith(manifest.Manifest.Extents.OfType<WalExtent>().Select(extent => extent.Session));
        }

        foreach (var path in disk.AllFiles())
        {
            if (WalNames.TryParse(path[(path.LastIndexOf('/') + 1)..], out var session, out _) && !needed.Contains(session.Value))
                throw new ViolationException($"'{path}' is of a session that nobody needs, and was not deleted");
        }

        if (broker.Upkeep!.Usage is { IsNearCap: true } usage && usage.ClosedParts() is [var part, ..])
            throw new ViolationException($"The WAL stays near its cap: session {part.Session} has not been emptied up to slot {part.End}");
    }

    private static bool IsObject(string path) => path.StartsWith("objects/", StringComparison.Ordinal) && !path.StartsWith("objects/new/", StringComparison.Ordinal);
}
