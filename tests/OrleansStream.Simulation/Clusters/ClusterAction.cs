namespace OrleansStream.Simulation.Clusters;

/// <summary>What happens next in a cluster's schedule.</summary>
internal enum ClusterAction
{
    /// <summary>Clients append to some partitions.</summary>
    Append,

    /// <summary>Idempotent producers send.</summary>
    Produce,

    /// <summary>Consumers commit offsets and ask for them, at some broker that has their group's journal open, whether it is the newest owner or not.</summary>
    Groups,

    /// <summary>A group's journal is wanted on some broker.</summary>
    OpenJournal,

    /// <summary>A consumer reads from some broker that serves, whether it is the newest owner or not.</summary>
    Read,

    /// <summary>A partition is wanted on some broker: from nobody, from its owner, or where it is.</summary>
    Open,

    /// <summary>Two brokers want one partition at once.</summary>
    OpenTwice,

    /// <summary>Every broker wants every partition at once, as when clients run from one to the other.</summary>
    OpenAll,

    /// <summary>A broker gives up a partition, as one that idles.</summary>
    GiveUp,

    /// <summary>A broker is asked to let go by somebody who never claims.</summary>
    ReleaseInVain,

    /// <summary>Log start moves up.</summary>
    MoveLogStart,

    /// <summary>A topic is deleted, and another one created in its place.</summary>
    Delete,

    /// <summary>A process is killed, and comes back later.</summary>
    Crash,

    /// <summary>A process ends in good order, and comes back later.</summary>
    Stop,

    /// <summary>A process stands still, for less or more time than it takes to be declared dead.</summary>
    Freeze,

    /// <summary>A process that is well is declared dead.</summary>
    Suspect,

    /// <summary>A broker's lane ends.</summary>
    EndLane,

    /// <summary>A broker does not reach storage, for some time.</summary>
    Cut,

    /// <summary>Calls to storage go wrong more or less often.</summary>
    Weather,

    /// <summary>Calls between brokers go wrong more or less often.</summary>
    Network,

    /// <summary>Milliseconds go by.</summary>
    Run,

    /// <summary>Seconds go by.</summary>
    Pass,

    /// <summary>Minutes go by: graces end, and the background work has its time.</summary>
    Rest,
}
