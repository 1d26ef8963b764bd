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
    private readonly BlobSessionStore _records;
    private readonly SessionSurvey _survey;
    private readonly List<Finding> _findings;
    private readonly Dictionary<SessionId, SurveyedSession> _found = [];
    private readonly Dictionary<SessionId, List<Finding>> _findingsOf = [];
    private List<Finding> _current = [];

    public SurveyedSessions(IBlobContainer container, UndecidedPuts undecided, (int Generation, PartitionId Kept) of, List<Finding> findings)
    {
        _findings = findings;
        _records = new BlobSessionStore(container, undecided, of.Generation);
        _survey = new SessionSurvey(
            new RecoverySetup { Container = container, Sessions = _records, Undecided = undecided, ClusterGeneration = of.Generation }, of.Kept, finding => _current.Add(finding));
    }

    public IReadOnlyDictionary<SessionId, SurveyedSession> Found => _found;

    /// <summary>Reads a session. What was found in it before counts no more.</summary>
    /// <exception cref="LogException">Its record cannot be read.</exception>
    /// <exception cref="StorageException">Storage failed: nothing is known of what was not read.</exception>
    public async ValueTask SurveyAsync(SessionId session, CancellationToken cancellationToken)
    {
        if (_findingsOf.Remove(session, out var before)) _findings.RemoveAll(before.Contains);
        _found.Remove(session);
        if ((await _records.GetAsync(session, cancellationToken))?.Record is not { State: not SessionState.Closed } record) return;
        _findingsOf[session] = _current = [];
        _found[session] = await _survey.ReadAsync(record, cancellationToken);
        _findings.AddRange(_current);
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
