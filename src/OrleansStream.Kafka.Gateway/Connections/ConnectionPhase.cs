namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>What a connection waits for, which decides how long it may.</summary>
internal enum ConnectionPhase
{
    /// <summary>For the peer's next request: connections.max.idle.ms.</summary>
    Idle,

    /// <summary>For the rest of a request that has begun: the stall limit, since it holds intake.</summary>
    Intake,

    /// <summary>For us: no limit of its own, requests carry theirs. Once the peer has sent its last request: connections.max.idle.ms without a step.</summary>
    Waiting,

    /// <summary>For the peer to take an answer, whatever else goes on: the stall limit, since the answer holds leases.</summary>
    Writing,
}
