using System.Runtime.CompilerServices;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Testing.Lanes;

/// <summary>Session records in memory.</summary>
public sealed class MemorySessionStore : ISessionStore
{
    private readonly Dictionary<SessionId, StoredSession> _sessions = [];
    private int _version;

    public ValueTask<StoredSession?> GetAsync(SessionId session, CancellationToken cancellationToken)
    {
        lock (_sessions) return new(_sessions.GetValueOrDefault(session));
    }

    public ValueTask<bool> CompareAndSetAsync(SessionRecord next, ETag? expected, CancellationToken cancellationToken)
    {
        lock (_sessions)
        {
            var current = _sessions.GetValueOrDefault(next.Session)?.ETag;
            if (current != expected) return new(false);
            _sessions[next.Session] = new StoredSession(next, new ETag($"{++_version}"));
            return new(true);
        }
    }

    public async IAsyncEnumerable<StoredSession> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        StoredSession[] all;
        lock (_sessions) all = [.. _sessions.Values];
        foreach (var session in all) yield return session;
        await Task.CompletedTask;
    }
}
