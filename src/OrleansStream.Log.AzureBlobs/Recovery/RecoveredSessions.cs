using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>
/// Answers what ended sessions left, from one recovery for all who ask: thousands of partitions of one dead broker are opened at once. What was found is kept,
/// within a bound; what is no longer kept is read from its summary again.
/// </summary>
/// <param name="recovery">Ends sessions and finds what they hold.</param>
/// <param name="current">The session of this broker's lane, which nobody here ends.</param>
/// <param name="scheduler">Where recoveries run, whoever asks.</param>
/// <param name="measure">Runs a recovery, and may look how long it takes; null to run it only.</param>
public sealed class RecoveredSessions(
    SessionRecovery recovery, Func<SessionId> current, TaskScheduler scheduler, Func<Func<Task<SessionSummary?>>, Task<SessionSummary?>>? measure = null) : IRecoveredSessions
{
    private const long MaxBytes = 64 * Limits.MiB;
    private const int SessionBytes = 100;

    private readonly Lock _gate = new();
    private readonly Dictionary<SessionId, Task<SessionSummary?>> _summaries = [];
    private readonly LinkedList<(SessionId Session, long Bytes)> _kept = [];
    private long _bytes;

    /// <summary>Memory of what is kept, as an estimate.</summary>
    public long CachedBytes
    {
        get
        {
            lock (_gate) return _bytes;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<WalExtent>> FramesOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) =>
        (await SummaryOfAsync(session).WaitAsync(cancellationToken))?.FramesOf(partition) ?? [];

    /// <inheritdoc/>
    public async ValueTask<ProducerDelta?> ProducersOfAsync(SessionId session, PartitionId partition, CancellationToken cancellationToken) =>
        (await SummaryOfAsync(session).WaitAsync(cancellationToken))?.ProducersOf(partition);

    /// <summary>All that the session left; null if it is closed. It runs on whoever stops waiting.</summary>
    /// <exception cref="LogException">As for <see cref="FramesOfAsync"/>.</exception>
    public Task<SessionSummary?> SummaryOfAsync(SessionId session)
    {
        if (session == current()) throw new LogException($"Session {session} lives in this process.");
        lock (_gate)
        {
            if (_summaries.TryGetValue(session, out var known) && known is { IsFaulted: false, IsCanceled: false }) return known;
            return _summaries[session] = Task.Factory.StartNew(
                () => RecoverAsync(session), CancellationToken.None, TaskCreationOptions.DenyChildAttach, scheduler).Unwrap();
        }
    }

    private async Task<SessionSummary?> RecoverAsync(SessionId session)
    {
        try
        {
            var summary = await (measure is null ? RunAsync() : measure(RunAsync));
            lock (_gate) Keep(session, summary?.ChargedBytes ?? 0);
            return summary;
        }
        catch
        {
            // Whoever asks next tries again.
            lock (_gate) _summaries.Remove(session);
            throw;
        }

        Task<SessionSummary?> RunAsync() => recovery.RecoverAsync(session, CancellationToken.None).AsTask();
    }

    // Partitions of a dead broker are opened soon after it died: what was found first is needed least. The last one stays, however large.
    private void Keep(SessionId session, long bytes)
    {
        _kept.AddLast((session, bytes + SessionBytes));
        _bytes += bytes + SessionBytes;
        while (_bytes > MaxBytes && _kept.Count > 1 && _kept.First is { } oldest)
        {
            _kept.RemoveFirst();
            _summaries.Remove(oldest.Value.Session);
            _bytes -= oldest.Value.Bytes;
        }
    }
}
