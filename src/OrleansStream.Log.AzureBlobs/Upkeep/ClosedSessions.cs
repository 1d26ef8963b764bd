using System.Runtime.CompilerServices;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Upkeep;

/// <summary>
/// Deletes what closed sessions still have: their blocks and digests, once readers had time to finish (rule R4), late copies of puts after that (rule D5), and in the end fences,
/// summary and record. Used by one task.
/// </summary>
/// <param name="container">Where it all stands.</param>
/// <param name="budget">What deletions take their requests from.</param>
/// <param name="time">The clock.</param>
internal sealed class ClosedSessions(IBlobContainer container, WorkBudget budget, TimeProvider time)
{
    /// <summary>How long a closed session keeps its fences, summary and record: a put that is on its way for so long does not exist.</summary>
    public static readonly TimeSpan FenceTime = TimeSpan.FromDays(30);

    /// <summary>How long blocks outlive the record that closed their session, for readers that are under way.</summary>
    public static readonly TimeSpan ReadGrace = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan BetweenLooks = TimeSpan.FromHours(20);

    private const int DeletionsAtOnce = 8;

    private readonly Dictionary<SessionId, State> _known = [];

    /// <summary>Whether the session is known to be closed, which it stays.</summary>
    public bool Contains(SessionId session) => _known.ContainsKey(session);

    /// <summary>Forgets sessions that have no record any more: another broker has done the rest.</summary>
    public void KeepOnly(HashSet<SessionId> recorded)
    {
        foreach (var session in _known.Keys.Where(session => !recorded.Contains(session)).ToList()) _known.Remove(session);
    }

    /// <summary>Looks at a session that is closed. What is deleted is counted; the answer is whether it has to be looked at again soon.</summary>
    /// <param name="session">Which.</param>
    /// <param name="recordAge">How long ago its record was written, by the store's clock: it is not written after the session was closed.</param>
    /// <param name="report">Counts.</param>
    /// <param name="cancellationToken">Ends the deletions; the next call goes on.</param>
    /// <exception cref="StorageException">Storage failed; the next call goes on.</exception>
    public async ValueTask<bool> TendAsync(SessionId session, TimeSpan recordAge, SessionWalkReport report, CancellationToken cancellationToken)
    {
        // The grace counts from when this process knew the session closed: the record does not say when that was.
        var now = time.GetTimestamp();
        if (!_known.TryGetValue(session, out var state)) _known[session] = state = new State(now, null);
        if (time.GetElapsedTime(state.ClosedAt, now) < ReadGrace) return true;
        if (state.LookedAt is { } looked && time.GetElapsedTime(looked, now) < BetweenLooks) return false;

        var isOver = recordAge >= FenceTime;
        var names = new List<string>();
        await foreach (var blob in SlotsAsync(container, session, cancellationToken))
        {
            if (!IsFence(blob) || isOver) names.Add(blob.Name);
        }

        await DeleteAsync(names, cancellationToken);
        await DeleteAsync(await DigestsAsync(session, cancellationToken), cancellationToken);
        report.BlocksDeleted += names.Count;
        _known[session] = state with { LookedAt = now };
        if (!isOver) return false;

        // The record last: without it nobody would look for what is left.
        await DeleteAsync([BlobNames.SummaryOf(session)], cancellationToken);
        await DeleteAsync([BlobNames.SessionOf(session)], cancellationToken);
        _known.Remove(session);
        report.SessionsForgotten++;
        return false;
    }

    /// <summary>The blocks and fences of a session that are there.</summary>
    public static async IAsyncEnumerable<ListedBlob> SlotsAsync(IBlobContainer container, SessionId session, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var prefix = BlobNames.BlocksOf(session);
        await foreach (var blob in container.ListAsync(prefix, cancellationToken))
        {
            if (BlobNames.TryParseSlot(blob.Name, prefix, out _)) yield return blob;
        }
    }

    /// <summary>Whether the blob is as short as a fence, and so no block.</summary>
    public static bool IsFence(ListedBlob blob) => blob.Length <= FenceBlob.Bytes;

    private async ValueTask<List<string>> DigestsAsync(SessionId session, CancellationToken cancellationToken)
    {
        var names = new List<string>();
        await foreach (var blob in container.ListAsync(BlobNames.DigestsOf(session), cancellationToken)) names.Add(blob.Name);
        return names;
    }

    private async ValueTask DeleteAsync(List<string> names, CancellationToken cancellationToken)
    {
        foreach (var some in names.Chunk(DeletionsAtOnce))
        {
            await budget.TakeAsync(some.Length, bytes: 0, cancellationToken);
            await Task.WhenAll(some.Select(name => container.DeleteAsync(name, cancellationToken).AsTask()));
        }
    }

    /// <param name="ClosedAt">When this process first knew it closed.</param>
    /// <param name="LookedAt">When its slots were last listed and what had to go was deleted.</param>
    private readonly record struct State(long ClosedAt, long? LookedAt);
}
