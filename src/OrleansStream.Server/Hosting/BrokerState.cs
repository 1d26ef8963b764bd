namespace OrleansStream.Server.Hosting;

/// <summary>Where the broker is in its life, for health checks: nothing but this process decides it, so a slow disk or a peer never fails liveness.</summary>
public sealed class BrokerState
{
    private volatile Phase _phase = Phase.Starting;

    public Phase Current => _phase;

    /// <summary>Phases only go forward: what has begun to stop never becomes ready again.</summary>
    public void Enter(Phase phase)
    {
        if (phase > _phase)
        {
            _phase = phase;
        }
    }
}

/// <summary>Phases of a broker's life, in order.</summary>
public enum Phase
{
    Starting,
    Ready,
    Draining,
    Stopped,
}
