using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>
/// The fetch sessions of this broker, a bounded number. When it is reached a new session takes the place of one that was idle for two minutes, or of an
/// older and smaller one; otherwise there is no session for it, and the client sends its whole list each time.
/// </summary>
internal sealed class FetchSessions
{
    private static readonly TimeSpan EvictableAfter = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private readonly GatewaySurroundings _surroundings;

    public FetchSessions(GatewaySurroundings surroundings)
    {
        _surroundings = surroundings;
        surroundings.Metrics.Observe("orleansstream.gateway.fetch_sessions", ("{session}", "Fetch sessions that are kept."), () => Count, surroundings.Options.MaxFetchSessions);
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>A new session for so many partitions, in use by the caller; null if there is no room.</summary>
    public FetchSession? TryCreate(int partitions, bool usesIds)
    {
        lock (_lock)
        {
            if (_sessions.Count >= _surroundings.Options.MaxFetchSessions && !TryEvict(partitions))
            {
                return null;
            }

            int id;
            do
            {
                // Ids are guessed by nobody: a client that comes back to another broker, or to this one after a restart, must not hit a stranger's session.
                id = System.Security.Cryptography.RandomNumberGenerator.GetInt32(1, int.MaxValue);
            }
            while (_sessions.ContainsKey(id));

            var session = new FetchSession(id, usesIds, _surroundings.Time.GetTimestamp()) { InUse = true };
            _sessions.Add(id, session);
            return session;
        }
    }

    /// <summary>Continues a session: checks and advances its epoch, and marks it as in use.</summary>
    public ErrorCode TryUse(int id, int epoch, bool usesIds, out FetchSession? session)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(id, out session))
            {
                return ErrorCode.FetchSessionIdNotFound;
            }

            if (session.UsesIds != usesIds)
            {
                return ErrorCode.FetchSessionTopicIdError;
            }

            // A session whose last request still waits, on a connection that its client gave up: a full fetch sorts that out.
            if (session.InUse || session.NextEpoch != epoch)
            {
                return ErrorCode.InvalidFetchSessionEpoch;
            }

            session.Advance();
            session.InUse = true;
            return ErrorCode.None;
        }
    }

    /// <summary>The request is over.</summary>
    public void Release(FetchSession session)
    {
        lock (_lock)
        {
            session.InUse = false;
            session.LastUsed = _surroundings.Time.GetTimestamp();
        }
    }

    public void Remove(int id)
    {
        lock (_lock)
        {
            _sessions.Remove(id);
        }
    }

    private bool TryEvict(int partitions)
    {
        FetchSession? victim = null;
        foreach (var session in _sessions.Values)
        {
            if (session.InUse)
            {
                continue;
            }

            if (_surroundings.Time.GetElapsedTime(session.LastUsed) > EvictableAfter)
            {
                victim = session;
                break;
            }

            var replaceable = _surroundings.Time.GetElapsedTime(session.Created) > EvictableAfter && session.Count < partitions;
            if (replaceable && (victim is null || session.Count < victim.Count))
            {
                victim = session;
            }
        }

        return victim is not null && _sessions.Remove(victim.Id);
    }
}
