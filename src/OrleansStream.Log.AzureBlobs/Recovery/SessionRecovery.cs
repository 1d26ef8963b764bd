using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Records;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// Recovers sessions: fences, scans, and writes down what was found, once for all who ask (rules R1 to R3). May run for one session any number of times, also
/// at once: who comes second takes what the first one wrote.
/// </summary>
public sealed class SessionRecovery(RecoverySetup setup)
{
    // A partition has 1,000 extents at the most, as far as its offsets follow each other, and all of them mostly 100,000 of some 50 bytes; the rest is producers.
    private const int MaxSummaryBytes = 64 * 1024 * 1024;

    private readonly RecordBlobs _summaries = new(setup.Container, new RecordEnvelope(RecordKind.Summary, setup.ClusterGeneration, MaxSummaryBytes));

    /// <summary>
    /// Finds what the session holds, and ends it if it has not ended: only to be called for one whose broker is dead, or has another session by now. Null if it
    /// is closed: it has nothing for anybody.
    /// </summary>
    /// <exception cref="CorruptBlockException">Acknowledged bytes of the session are damaged. Nothing may be claimed from it.</exception>
    /// <exception cref="StorageException">Storage failed. What was done stays done; call again.</exception>
    public async ValueTask<SessionSummary?> RecoverAsync(SessionId session, CancellationToken cancellationToken)
    {
        // The record first: a closed session keeps its summary, but not its blocks.
        if (await setup.Sessions.GetAsync(session, cancellationToken) is { Record.State: SessionState.Closed }) return null;
        var isDamaged = false;
        try
        {
            if (await FindAsync(session, cancellationToken) is { } known) return known;
        }
        catch (CorruptBlockException)
        {
            isDamaged = true;
        }

        if (await new SessionFence(setup).FenceAsync(session, cancellationToken) is not { } fenced) return null;
        var found = await new SessionScan(setup).ReadAsync(fenced, cancellationToken);

        // The blocks below the recorded end say what the summary said. The damaged one stays where a person finds it.
        if (isDamaged) return found;
        return await IsWrittenAsync(found, cancellationToken)
            ? found
            : await FindAsync(session, cancellationToken) ?? throw new StorageException(BlobNames.SummaryOf(session), "Read", "it was there a moment ago, and is never deleted");
    }

    /// <summary>The summary that stands; null if there is none.</summary>
    /// <exception cref="CorruptBlockException">It does not verify.</exception>
    internal ValueTask<SessionSummary?> FindAsync(SessionId session, CancellationToken cancellationToken)
    {
        var name = BlobNames.SummaryOf(session);
        return _summaries.GetAsync(
            name,
            (record, _) =>
            {
                var summary = SummaryCodec.Read(record);
                return summary.Fenced.Session == session ? summary : throw new CorruptBlockException(name, 0, $"it holds the summary of session {summary.Fenced.Session}.");
            },
            cancellationToken);
    }

    // Rule R3. False: somebody else's stands there.
    private async ValueTask<bool> IsWrittenAsync(SessionSummary summary, CancellationToken cancellationToken)
    {
        var name = BlobNames.SummaryOf(summary.Fenced.Session);
        var nonce = setup.Undecided.NewNonce();
        var since = setup.Undecided.Begin();
        var bytes = _summaries.Envelope.Close(name, nonce, output => SummaryCodec.Write(Fitting(summary), output));
        for (var attempt = 0; ; attempt++)
        {
            var put = await _summaries.PutAsync(name, bytes, nonce, expected: null, cancellationToken);
            if (put.Outcome != BlobOutcome.Unknown) return put.Outcome == BlobOutcome.Written;
            await setup.Undecided.PauseAsync(name, attempt, since, put.Detail!, cancellationToken);
        }
    }

    // Where very many producers wrote to very many partitions, these are left out, and whoever opens one reads its frames for them.
    private SessionSummary Fitting(SessionSummary summary) => summary.ChargedBytes <= setup.MaxSummaryMemory
        ? summary
        : summary with { Partitions = summary.Partitions.ToDictionary(static partition => partition.Key, static partition => partition.Value with { Producers = null }) };
}
