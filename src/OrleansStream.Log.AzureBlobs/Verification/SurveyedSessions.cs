using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Storage;
using OrleansStream.Log.Verification;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Verification;

/// <summary>The sessions of a container as they were found, those that are closed left out: what is left of them is needed by nobody.</summary>
internal sealed class SurveyedSessions
{
    private readonly IBlobContainer _container;
    private readonly BlobSessionStore _records;
    private readonly SessionSurvey _survey;
    private readonly SessionRecovery _recovery;
    private readonly List<Finding> _findings;
    private readonly Dictionary<SessionId, SurveyedSession> _found = [];
    private readonly Dictionary<SessionId, List<Finding>> _findingsOf = [];
    private readonly HashSet<SessionId> _known = [];
    private List<Finding> _current = [];

    public SurveyedSessions(IBlobContainer container, UndecidedPuts undecided, (int Generation, PartitionId Kept) of, List<Finding> findings)
    {
        (_container, _findings) = (container, findings);
        _records = new BlobSessionStore(container, undecided, of.Generation);
        var setup = new RecoverySetup { Container = container, Sessions = _records, Undecided = undecided, ClusterGeneration = of.Generation };
        _recovery = new SessionRecovery(setup);
        _survey = new SessionSurvey(setup, of.Kept, finding => _current.Add(finding));
    }

    public IReadOnlyDictionary<SessionId, SurveyedSession> Found => _found;

    /// <summary>Whether the session has a record, be it that of a closed one.</summary>
    public bool IsKnown(SessionId session) => _known.Contains(session);

    /// <summary>Reads a session. What was found in it before counts no more.</summary>
    /// <exception cref="LogException">Its record cannot be read.</exception>
    /// <exception cref="StorageException">Storage failed: nothing is known of what was not read.</exception>
    public async ValueTask SurveyAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (_findingsOf.Remove(session, out var before)) _findings.RemoveAll(before.Contains);
        _found.Remove(session);
        var stored = await _records.GetAsync(session, cancellationToken);
        if (stored is not null) _known.Add(session);
        if (stored?.Record is not { State: not SessionState.Closed } record) return;
        _current = [];
        if (await _survey.ReadAsync(record, cancellationToken) is not { } found) return;
        _found[session] = found;
        _findingsOf[session] = _current;
        _findings.AddRange(_current);
        await CheckSummaryAsync(session, cancellationToken);
    }

    /// <summary>Reports sessions that have blocks and no record. Without one a recovery would begin at slot 0, and find nothing where the session was trimmed.</summary>
    public async ValueTask FindUnknownAsync(CancellationToken cancellationToken)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var blob in _container.ListAsync(BlobNames.Blocks, cancellationToken))
        {
            if (blob.Name.Split('/') is not [_, _, var name, _] || !seen.Add(name)) continue;
            try
            {
                var session = SessionId.Parse(name);
                if (!IsKnown(session)) await SurveyAsync(session, cancellationToken);
                if (!IsKnown(session)) _findings.Add(new Finding(BlobNames.SessionOf(session), -1, "The record is missing of a session that has blocks."));
            }
            catch (FormatException)
            {
                _findings.Add(new Finding(blob.Name, -1, "This is no name of a block."));
            }
            catch (LogException damage) when (damage is not StorageException)
            {
                // The record stands, and cannot be read: that was told when records were listed.
            }
        }
    }

    // Whoever opens a partition would read the blocks in its place; but it should be known.
    private async ValueTask CheckSummaryAsync(SessionId session, CancellationToken cancellationToken)
    {
        try
        {
            await _recovery.FindAsync(session, cancellationToken);
        }
        catch (CorruptBlockException damage)
        {
            _findings.Add(new Finding(damage.Location, damage.Position, damage.Detail));
        }
    }

    /// <summary>Reads again those sessions of which a manifest speaks and whose records have changed.</summary>
    /// <returns>Whether there were any.</returns>
    public async ValueTask<bool> SurveyChangedAsync(Manifest manifest, CancellationToken cancellationToken)
    {
        var any = false;
        foreach (var session in manifest.Extents.OfType<WalExtent>().Select(static extent => extent.Session).Append(manifest.Owner).Distinct())
        {
            var now = (await _records.GetAsync(session, cancellationToken))?.Record;
            if (now == _found.GetValueOrDefault(session)?.Record || (now is null or { State: SessionState.Closed } && !_found.ContainsKey(session))) continue;
            await SurveyAsync(session, cancellationToken);
            any = true;
        }

        return any;
    }
}
