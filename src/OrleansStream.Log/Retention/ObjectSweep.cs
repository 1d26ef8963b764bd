using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
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

/// <summary>Deletes objects of partitions that no manifest names (rules D3, D4), or puts them onto lists of what is to be deleted. One run at a time.</summary>
/// <param name="parts">What it takes.</param>
/// <param name="pending">Told of what it put on lists.</param>
/// <param name="time">The clock.</param>
public sealed class ObjectSweep(SweepParts parts, PendingObjects pending, TimeProvider time)
{
    /// <summary>How long an object of the present epoch may stand without being named: its writer can still be at work.</summary>
    public static readonly TimeSpan WriterTime = TimeSpan.FromHours(24);

    // Lists that nobody looks after, since their partition is open nowhere or deleted by a broker that is gone, are found here.
    private readonly OrphanSearch _search = new(parts.Store, parts.Objects, time)
    {
        OnRead = manifest =>
        {
            if (!manifest.PendingDelete.IsEmpty) pending.Watch(manifest.Partition);
        },
    };

    /// <summary>Judges every object once. Returns how many were deleted or put on lists.</summary>
    /// <exception cref="LogException">Storage failed; the next run goes on.</exception>
    public async ValueTask<int> RunAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        var listed = new List<Orphan>();
        await foreach (var orphan in _search.FindAsync(cancellationToken))
        {
            if (listed.Count > 0 && listed[0].Partition != orphan.Partition)
            {
                swept += await ListAsync(listed, cancellationToken);
                listed.Clear();
            }

            if (orphan.Reason != OrphanReason.EpochPassed) listed.Add(orphan);
            else if (await pending.TryDeleteAsync(orphan.Name, cancellationToken)) swept++;
        }

        return swept + await ListAsync(listed, cancellationToken);
    }

    /// <summary>Reports what a run would take away now, and changes nothing.</summary>
    /// <exception cref="LogException">Storage failed; what was found before counts.</exception>
    public async IAsyncEnumerable<Orphan> FindAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        (PartitionId Partition, bool Exists)? asked = null;
        await foreach (var orphan in _search.FindAsync(cancellationToken))
        {
            if (orphan.Reason == OrphanReason.NoManifest)
            {
                if (asked?.Partition != orphan.Partition) asked = (orphan.Partition, await parts.ConfirmTopic(orphan.Partition, cancellationToken));
                if (asked.Value.Exists) continue;
            }

            yield return orphan;
        }
    }

    /// <summary>The same, told to an operator one by one.</summary>
    /// <param name="note">Told of each, and of how many there are.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async ValueTask TellAsync(Action<string, Exception?> note, CancellationToken cancellationToken)
    {
        var found = 0;
        await foreach (var orphan in FindAsync(cancellationToken))
        {
            found++;
            note($"The sweep would take away '{orphan.Name}' ({orphan.Reason}).", null);
        }

        note($"The sweep would take away {found} objects; it is set to tell of them only.", null);
    }

    // Onto the list by compare-and-set, which breaks every write that is still under way; deleted later, as what was dropped.
    private async ValueTask<int> ListAsync(List<Orphan> orphans, CancellationToken cancellationToken)
    {
        if (orphans.Count == 0) return 0;
        var partition = orphans[0].Partition;
        if (await JudgedAsync(orphans[0], cancellationToken) is not { } judged) return 0;

        ImmutableArray<string> names = [.. orphans.Select(static orphan => orphan.Name)];
        var edit = await parts.Manifests.EditAnyAsync(partition, stands => WithPending(stands, judged, names), cancellationToken);
        if (edit.Outcome != ManifestEditOutcome.Written) return 0;
        pending.Watch(partition);
        return names.Length;
    }

    // Rule D3: without a manifest it is the catalog that knows; and before anything goes a tombstone stands, on which no write can be built any more.
    private async ValueTask<Manifest?> JudgedAsync(Orphan orphan, CancellationToken cancellationToken)
    {
        if (orphan.Judged is { } manifest) return manifest;
        if (await parts.ConfirmTopic(orphan.Partition, cancellationToken)) return null;
        var session = parts.CurrentLane().Session;
        var edit = await parts.Manifests.EditAnyAsync(orphan.Partition, stands => stands is null ? PartitionDeletion.TombstoneOf(null, orphan.Partition, session) : null, cancellationToken);
        return edit.Manifest is { Deleted: true } ? edit.Manifest : null; // Somebody claimed it after all: the next run judges by what he wrote.
    }

    private static Manifest? WithPending(Manifest? stands, Manifest judged, ImmutableArray<string> names)
    {
        if (stands is null || stands.Epoch != judged.Epoch || stands.Deleted != judged.Deleted) return null;
        var named = OrphanSearch.NamesIn(stands);
        var orphans = names.RemoveAll(named.Contains);
        return orphans.IsEmpty ? null : stands with { PendingDelete = stands.PendingDelete.AddRange(orphans) };
    }
}
