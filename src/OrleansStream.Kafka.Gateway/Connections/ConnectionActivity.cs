namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Since when a connection waits for its peer, on either side. Written by the connection, read by the sweep that closes stalled ones; no timer of its own.</summary>
internal sealed class ConnectionActivity(TimeProvider time)
{
    private const long NotWriting = -1;

    private long _since = time.GetTimestamp();
    private long _writingSince = NotWriting;
    private volatile ConnectionPhase _phase = ConnectionPhase.Idle;

    public void Enter(ConnectionPhase phase)
    {
        _phase = phase;
        Progressed();
    }

    public void Progressed() => Volatile.Write(ref _since, time.GetTimestamp());

    /// <summary>A step of an answer is given to the socket.</summary>
    public void BeginWrite() => Volatile.Write(ref _writingSince, time.GetTimestamp());

    /// <summary>The step was taken whole.</summary>
    public void EndWrite()
    {
        Volatile.Write(ref _writingSince, NotWriting);
        Progressed();
    }

    /// <summary>What the connection has waited for its peer to do for too long; null if nothing.</summary>
    public ConnectionPhase? Overdue(TimeSpan maxIdle, TimeSpan maxStall)
    {
        var writingSince = Volatile.Read(ref _writingSince);
        if (writingSince != NotWriting)
        {
            return time.GetElapsedTime(writingSince) >= maxStall ? ConnectionPhase.Writing : null;
        }

        var waited = time.GetElapsedTime(Volatile.Read(ref _since));
        return _phase switch
        {
            ConnectionPhase.Idle when waited >= maxIdle => ConnectionPhase.Idle,
            ConnectionPhase.Intake when waited >= maxStall => ConnectionPhase.Intake,
            _ => null,
        };
    }
}
