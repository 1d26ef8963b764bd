using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// Walks the session records (rule R5): recovers sessions whose broker is gone, has their partitions opened where nobody did so by himself, closes those that
/// nobody needs any more (rule R4), and deletes what closed ones still have. One walk at a time; two brokers that walk at once do no harm.
/// </summary>
/// <param name="parts">What it takes.</param>
internal sealed class SessionWalk(SessionWalkParts parts)
{
    /// <summary>How long a partition of a dead session may stay unopened before it is asked to be opened.</summary>
    public static readonly TimeSpan OpenPatience = TimeSpan.FromMinutes(10);

    /// <summary>How long a session that the registry or membership does not know may be on its way there: for that long storage may refuse it to a broker.</summary>
    public static readonly TimeSpan NamingPatience = TimeSpan.FromMinutes(10);

    // Each is a call to another broker, which claims the partition.
    private const int OpensAtOnce = 16;

    private readonly ClosedSessions _closed = new(parts.Stores.Container, parts.Budget, parts.Time);

    // Of each dead session the partitions that still need it, and since when, or since they were last asked to be opened. What needed it no longer never does again.
    private readonly Dictionary<SessionId, Dictionary<PartitionId, long>> _needed = [];

    /// <summary>Looks at every session once. A session that fails keeps no other from its turn.</summary>
    /// <exception cref="StorageException">The records could not be listed; the next walk goes on.</exception>
    public async ValueTask<SessionWalkReport> RunAsync(CancellationToken cancellationToken)
    {
        var report = new SessionWalkReport();
        var seen = new HashSet<SessionId>();
        await foreach (var blob in parts.Stores.Container.ListAsync(BlobNames.Sessions, cancellationToken))
        {
            if (!BlobNames.TryParseSession(blob.Name, out var session)) continue;
            seen.Add(session);
            try
            {
                report.HasMoreToDo |= await VisitAsync(session, blob.Age, report, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested) // The catalog may be away as well as storage, and a request of theirs may have given up.
            {
                report.Failures++;
                report.HasMoreToDo = true;
                parts.Note($"Session {session} could not be looked after; it is tried again.", error);
            }
        }

        foreach (var session in _needed.Keys.Where(session => !seen.Contains(session)).ToList()) _needed.Remove(session);
        _closed.KeepOnly(seen);
        return report;
    }

    // True: there is more to do soon.
    private async ValueTask<bool> VisitAsync(SessionId session, TimeSpan recordAge, SessionWalkReport report, CancellationToken cancellationToken)
    {
        if (_closed.Contains(session)) return await _closed.TendAsync(session, recordAge, report, cancellationToken); // For ever: it need not be read again.
        await parts.Budget.TakeAsync(1, bytes: 0, cancellationToken);
        var stored = await parts.Stores.Sessions.GetAsync(session, cancellationToken);
        switch (stored?.Record.State)
        {
            case null:
                return false;
            case SessionState.Closed:
                _needed.Remove(session);
                return await _closed.TendAsync(session, recordAge, report, cancellationToken);
            case SessionState.Open when session != parts.CurrentSession():
                return await VisitOpenAsync(session, recordAge, report, cancellationToken);
            case SessionState.Open:
                report.SessionsAlive++;
                return false;
            default:
                await TendDeadAsync(session, report, cancellationToken);
                return true;
        }
    }

    private async ValueTask<bool> VisitOpenAsync(SessionId session, TimeSpan recordAge, SessionWalkReport report, CancellationToken cancellationToken)
    {
        var standing = await parts.Cluster.StandingOf(session, cancellationToken);
        if (standing == SessionStanding.Ended || (standing == SessionStanding.Unknown && recordAge >= NamingPatience))
        {
            await TendDeadAsync(session, report, cancellationToken);
            return true;
        }

        report.SessionsAlive++;
        return standing == SessionStanding.Unknown;
    }

    private async ValueTask TendDeadAsync(SessionId session, SessionWalkReport report, CancellationToken cancellationToken)
    {
        if (!_needed.TryGetValue(session, out var needed))
        {
            if (await parts.Recovery.RecoverAsync(session, cancellationToken) is not { } summary) return; // Closed meanwhile.
            var now = parts.Time.GetTimestamp();
            _needed[session] = needed = summary.Partitions.Keys.ToDictionary(static partition => partition, _ => now);
        }

        foreach (var partition in needed.Keys.ToList())
        {
            if (!await IsNeededAsync(session, partition, cancellationToken)) needed.Remove(partition);
        }

        await HaveOpenedAsync(needed, report, cancellationToken);
        report.PartitionsWaiting += needed.Count;
        if (needed.Count > 0) report.SessionsNeeded++;
        else await CloseAsync(session, report, cancellationToken);
    }

    // Rule R4: that another session owns it is not enough, since a claim puts the extents of this one into the manifest. Neither is a missing manifest, unless the
    // catalog has forgotten the topic.
    private async ValueTask<bool> IsNeededAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken)
    {
        await parts.Budget.TakeAsync(1, bytes: 0, cancellationToken);
        return await parts.Stores.Manifests.GetAsync(partition, cancellationToken) is { Manifest: var manifest }
            ? !manifest.Deleted && (manifest.Owner == session || manifest.Extents.Any(extent => extent is WalExtent wal && wal.Session == session))
            : await parts.ConfirmTopic(partition, cancellationToken);
    }

    // Its owner then cuts or carries what it inherited, by age. One that is open stays as it is, so nobody need find out whether it is.
    private async ValueTask HaveOpenedAsync(Dictionary<PartitionId, long> needed, SessionWalkReport report, CancellationToken cancellationToken)
    {
        var waiting = needed.Where(one => parts.Time.GetElapsedTime(one.Value) >= OpenPatience).Select(static one => one.Key).ToList();
        foreach (var some in waiting.Chunk(OpensAtOnce))
        {
            await Task.WhenAll(some.Select(partition => OpenAsync(partition, cancellationToken)));
            foreach (var partition in some) needed[partition] = parts.Time.GetTimestamp();
            report.PartitionsOpened += some.Length;
        }
    }

    private async Task OpenAsync(PartitionId partition, CancellationToken cancellationToken)
    {
        try
        {
            await parts.Cluster.OpenWherePlaced(partition, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested) // Whatever kept it from being opened may pass, and keeps no other.
        {
            parts.Note($"Partition {partition}, which a dead session has frames of, could not be opened; it is tried again.", error);
        }
    }

    private async ValueTask CloseAsync(SessionId session, SessionWalkReport report, CancellationToken cancellationToken)
    {
        var stored = await parts.Stores.Sessions.GetAsync(session, cancellationToken);
        if (stored is not { Record.State: SessionState.Fencing }) return;
        if (!await parts.Stores.Sessions.CompareAndSetAsync(stored.Record with { State = SessionState.Closed }, stored.ETag, cancellationToken)) return;
        _needed.Remove(session);
        report.SessionsClosed++;
        await _closed.TendAsync(session, TimeSpan.Zero, report, cancellationToken); // From here the grace counts.
    }
}
