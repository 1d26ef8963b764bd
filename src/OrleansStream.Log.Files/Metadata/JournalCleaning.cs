using OrleansStream.Log.Files.Recovery;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>
/// Lets the journal forget what says nothing to anybody any more, or the table would grow for years: tombstones of topics that the catalog has forgotten,
/// and records of sessions of which nothing is left. docs/formats/metadata-journal.md has the rule. One run at a time.
/// </summary>
internal sealed class JournalCleaning(JournalCleaningParts parts)
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    private long? _last;

    /// <summary>Cleans if the last time that it succeeded was an hour ago.</summary>
    /// <exception cref="LogException">Storage failed; the next run goes on.</exception>
    public async Task RunIfDueAsync(CancellationToken cancellationToken)
    {
        if (_last is { } last && parts.Time.GetElapsedTime(last) < Interval) return;
        await RunAsync(cancellationToken);
        _last = parts.Time.GetTimestamp();
    }

    /// <summary>Forgets what may be forgotten now. Returns how many records.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var forgotten = new List<(JournalKey Key, long Version)>();
        var named = new HashSet<SessionId>();
        await foreach (var stored in parts.Journal.Manifests.ListAsync(cancellationToken))
        {
            var manifest = stored.Manifest;
            var version = JournalETag.VersionOf(stored.ETag)!.Value;
            if (version <= parts.Journal.VersionAtStart && await IsDoneWithAsync(manifest, cancellationToken))
            {
                forgotten.Add((JournalKey.Of(manifest.Partition), version));
                continue;
            }

            named.Add(manifest.Owner);
            foreach (var extent in manifest.Extents)
            {
                if (extent is WalExtent wal) named.Add(wal.Session);
            }
        }

        forgotten.AddRange(await SessionsAsync(named, cancellationToken));
        if (forgotten.Count > 0) parts.Journal.Forget(forgotten);
        return forgotten.Count;
    }

    // Whoever opens the partition from here on finds the tombstone, or nothing and a catalog that does not know it; an open that is under way may have
    // found what stood before. While a session has frames of it, the tombstone is what lets them go (rule R4). No session of this process has any: the
    // tombstone stood before it began. One that was written since waits for the next process, since the lane's index forgets deleted frames before their
    // slots are trimmed.
    private async ValueTask<bool> IsDoneWithAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var partition = manifest.Partition;
        if (!manifest.Deleted || !manifest.PendingDelete.IsEmpty || parts.IsOpening(partition)) return false;
        if (parts.Recovery.Sessions.Any(session => session.FramesOf(partition).Count > 0)) return false;
        return !await parts.ConfirmTopic(partition, cancellationToken);
    }

    // Only such as were closed before this process began: no task of it can have met them alive. A file without a record stops a start, so its name must be
    // gone for good (rule F2).
    private async Task<IEnumerable<(JournalKey Key, long Version)>> SessionsAsync(HashSet<SessionId> named, CancellationToken cancellationToken)
    {
        var closed = new List<(SessionId Session, long Version)>();
        await foreach (var stored in parts.Journal.Sessions.ListAsync(cancellationToken))
        {
            var version = JournalETag.VersionOf(stored.ETag)!.Value;
            if (stored.Record.State == SessionState.Closed && version <= parts.Journal.VersionAtStart && !named.Contains(stored.Record.Session)) closed.Add((stored.Record.Session, version));
        }

        if (closed.Count == 0) return [];
        var files = await Task.Factory.StartNew(() => FilesAfterSync(parts.Disk), CancellationToken.None, TaskCreationOptions.DenyChildAttach, parts.Scheduler);
        return closed.Where(one => !files.ContainsKey(one.Session)).Select(static one => (JournalKey.Of(one.Session), one.Version));
    }

    private static Dictionary<SessionId, List<int>> FilesAfterSync(IDisk disk)
    {
        var files = WalDirectory.FilesBySession(disk);
        disk.SyncDirectory(Wal.WalNames.Directory);
        return files;
    }
}

/// <summary>What <see cref="JournalCleaning"/> takes.</summary>
internal sealed record JournalCleaningParts
{
    public required MetadataJournal Journal { get; init; }

    public required FileLaneRecovery Recovery { get; init; }

    public required IDisk Disk { get; init; }

    /// <summary>Where files are looked at.</summary>
    public required TaskScheduler Scheduler { get; init; }

    /// <summary>Whether an open of the partition is under way.</summary>
    public required Func<PartitionId, bool> IsOpening { get; init; }

    /// <summary>Asks the owner of the catalog, never a local copy, whether the partition's topic exists. Hidden topics always do.</summary>
    public required Func<PartitionId, CancellationToken, ValueTask<bool>> ConfirmTopic { get; init; }

    public required TimeProvider Time { get; init; }
}
