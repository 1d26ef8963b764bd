using OrleansStream.Model;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Since when a connection waits for its peer, on either side. Written by the connection, read by the sweep that closes stalled ones; no timer of its own.</summary>
/// <param name="time">The clock.</param>
/// <param name="minBytesPerSecond">The least rate at which a request comes in once it has begun.</param>
internal sealed class ConnectionActivity(TimeProvider time, int minBytesPerSecond)
{
    /// <summary>The least rate while others wait for the memory that a request or the records of an answer hold, and none is given back.</summary>
    public const int MinBytesPerSecondWhenFull = 256 * Limits.KiB;

    private const long NotWriting = -1;

    private long _since = time.GetTimestamp();
    private long _writingSince = NotWriting;
    private volatile ConnectionPhase _phase = ConnectionPhase.Idle;
    private volatile bool _inputHasEnded;

    // Of the request that comes in. Its paces say when one that comes at the least rate allowed would have begun: each is one number, so that the
    // sweep never sees half of a change. Time in which the request waits for us moves them along.
    private bool _hasBegun;
    private long _came;
    private long _pausedAt;
    private long _pace;
    private long _paceWhenFull;
    private long _held;
    private long _heldByAnswer;

    // Of the records of an answer that goes out: when a peer that takes them at the least rate would have taken what this one has.
    private long _heldRecords;
    private long _recordsPace;

    public void Enter(ConnectionPhase phase)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _since, now);
        switch (phase)
        {
            case ConnectionPhase.Idle:
                _hasBegun = false;
                break;
            case ConnectionPhase.Intake when !_hasBegun:
                _hasBegun = true;
                _came = 0;
                Volatile.Write(ref _pace, now);
                Volatile.Write(ref _paceWhenFull, now);
                break;
            case ConnectionPhase.Intake:
                Volatile.Write(ref _pace, _pace + now - _pausedAt);
                Volatile.Write(ref _paceWhenFull, _paceWhenFull + now - _pausedAt);
                break;
            default:
                _pausedAt = now;
                break;
        }

        _phase = phase;
    }

    /// <summary>No further request will come. From now on the connection lives for what it was asked before, which must move on.</summary>
    public void EndInput()
    {
        Volatile.Write(ref _since, time.GetTimestamp());
        _inputHasEnded = true;
    }

    /// <summary>So many bytes of the request have come by now.</summary>
    public void Came(long bytes)
    {
        var more = bytes - _came;
        if (more <= 0)
        {
            return;
        }

        _came = bytes;
        var ticks = more * time.TimestampFrequency;
        Volatile.Write(ref _pace, _pace + (ticks / Math.Max(minBytesPerSecond, 1)));
        Volatile.Write(ref _paceWhenFull, _paceWhenFull + (ticks / MinBytesPerSecondWhenFull));
        Volatile.Write(ref _since, time.GetTimestamp());
    }

    /// <summary>So many bytes of the intake budget belong to the request that comes in; none when it has come.</summary>
    public void Holds(long bytes) => Volatile.Write(ref _held, bytes);

    /// <summary>So many bytes of the answer budget belong to the answer that is written; none when it has left.</summary>
    public void HoldsAnswer(long bytes) => Volatile.Write(ref _heldByAnswer, bytes);

    /// <summary>An answer begins to leave, and so many bytes of records belong to it.</summary>
    public void HoldsRecords(long bytes)
    {
        Volatile.Write(ref _recordsPace, time.GetTimestamp());
        Volatile.Write(ref _heldRecords, bytes);
    }

    /// <summary>So many bytes of its records were given back.</summary>
    public void GaveRecords(long bytes) => Volatile.Write(ref _heldRecords, _heldRecords - bytes);

    /// <summary>A step of an answer is given to the socket.</summary>
    public void BeginWrite() => Volatile.Write(ref _writingSince, time.GetTimestamp());

    /// <summary>The step was taken whole.</summary>
    /// <param name="bytes">How long it was.</param>
    public void EndWrite(int bytes)
    {
        var now = time.GetTimestamp();
        Volatile.Write(ref _writingSince, NotWriting);
        Volatile.Write(ref _since, now);

        // Never ahead of the clock: the kernel takes the first megabytes at once, whatever the peer does.
        Volatile.Write(ref _recordsPace, Math.Min(now, _recordsPace + (bytes * time.TimestampFrequency / MinBytesPerSecondWhenFull)));
    }

    /// <summary>What the connection has waited for its peer to do for too long, or for its last answers; null if nothing.</summary>
    public ConnectionPhase? Overdue(TimeSpan maxIdle, TimeSpan maxStall)
    {
        var writingSince = Volatile.Read(ref _writingSince);
        if (writingSince != NotWriting)
        {
            return time.GetElapsedTime(writingSince) >= maxStall ? ConnectionPhase.Writing : null;
        }

        var waited = time.GetElapsedTime(Volatile.Read(ref _since));
        if (_inputHasEnded)
        {
            return waited >= maxIdle ? ConnectionPhase.Waiting : null;
        }

        return _phase switch
        {
            ConnectionPhase.Idle when waited >= maxIdle => ConnectionPhase.Idle,
            ConnectionPhase.Intake when waited >= maxStall || (minBytesPerSecond > 0 && time.GetElapsedTime(Volatile.Read(ref _pace)) >= maxStall) => ConnectionPhase.Intake,
            _ => null,
        };
    }

    /// <summary>How far the request that comes in is behind the least rate while intake is full, and the intake that it holds. Nothing or less if it is not behind, or none comes in.</summary>
    public (TimeSpan Lag, long Held) IntakeLag() =>
        (_phase == ConnectionPhase.Intake ? time.GetElapsedTime(Volatile.Read(ref _paceWhenFull)) : TimeSpan.Zero, Volatile.Read(ref _held));

    /// <summary>How long the peer has taken nothing of an answer, and what the answer holds of the answer budget.</summary>
    public (TimeSpan Lag, long Held) AnswerLag()
    {
        var writingSince = Volatile.Read(ref _writingSince);
        return (writingSince == NotWriting ? TimeSpan.Zero : time.GetElapsedTime(writingSince), Volatile.Read(ref _heldByAnswer));
    }

    /// <summary>How far the peer is behind the least rate with the records of an answer while the budget for them is spent, and what they hold of it.</summary>
    public (TimeSpan Lag, long Held) RecordsLag() =>
        (Volatile.Read(ref _writingSince) == NotWriting ? TimeSpan.Zero : time.GetElapsedTime(Volatile.Read(ref _recordsPace)), Volatile.Read(ref _heldRecords));
}
