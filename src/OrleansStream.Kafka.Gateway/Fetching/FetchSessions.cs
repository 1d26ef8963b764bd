using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Fetching;

/// <summary>
/// The fetch sessions of this broker, a bounded number with a bounded number of partitions. When one is reached a new session takes the place of one that was idle for two minutes, or of an
/// older and smaller one; otherwise there is no session for it, and the client sends its whole list each time.
/// </summary>
internal sealed class FetchSessions
{
    private static readonly TimeSpan EvictableAfter = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, FetchSession> _sessions = [];
    private readonly GatewaySurroundings _surroundings;
    private int _partitions;

    public FetchSessions(GatewaySurroundings surroundings)
    {
        _surroundings = surroundings;
        surroundings.Metrics.Observe("orleansstream.gateway.fetch_sessions", ("{session}", "Fetch sessions that are kept."), () => Count, surroundings.Options.MaxFetchSessions);
        surroundings.Metrics.Observe(
            "orleansstream.gateway.fetch_sessions.partitions", ("{partition}", "Partitions of all fetch sessions."), () => Partitions, surroundings.Options.MaxFetchSessionPartitions);
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

    /// <summary>Partitions of all sessions.</summary>
    public int Partitions => Volatile.Read(ref _partitions);

    /// <summary>A new session for so many partitions, in use by the caller; null if there is no room.</summary>
    public FetchSession? TryCreate(int partitions, bool usesIds)
    {
        lock (_lock)
        {
            if (partitions > _surroundings.Options.MaxFetchSessionPartitions || !TryMakeRoom(1, partitions, partitions))
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

            var session = new FetchSession(id, usesIds, _surroundings.Time.GetTimestamp()) { InUse = true, Charged = partitions };
            _partitions += partitions;
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

    /// <summary>The session has changed its partitions. False if there is no room for them: the session is gone, and its client begins anew.</summary>
    public bool TryKeep(FetchSession session)
    {
        lock (_lock)
        {
            if (!_sessions.ContainsKey(session.Id))
            {
                return true; // Ended meanwhile, by another request that named it: this one is still answered.
            }

            if (!TryMakeRoom(0, session.Count - session.Charged, session.Count))
            {
                Drop(session);
                return false;
            }

            _partitions += session.Count - session.Charged;
            session.Charged = session.Count;
            return true;
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
            if (_sessions.TryGetValue(id, out var session))
            {
                Drop(session);
            }
        }
    }

    private void Drop(FetchSession session)
    {
        _sessions.Remove(session.Id);
        _partitions -= session.Charged;
    }

    private bool TryMakeRoom(int sessions, int partitions, int size)
    {
        var options = _surroundings.Options;
        while (_sessions.Count + sessions > options.MaxFetchSessions || (partitions > 0 && partitions > options.MaxFetchSessionPartitions - _partitions))
        {
            if (!TryEvict(size))
            {
                return false;
            }
        }

        return true;
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

        if (victim is null)
        {
            return false;
        }

        Drop(victim);
        return true;
    }
}
