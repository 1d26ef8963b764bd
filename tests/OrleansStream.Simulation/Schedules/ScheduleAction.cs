namespace OrleansStream.Simulation.Schedules;

/// <summary>What a schedule may do next.</summary>
internal enum ScheduleAction
{
    Append,

    /// <summary>The same by idempotent producers.</summary>
    Produce,

    /// <summary>Many appends, each in a block of its own: fills files.</summary>
    Burst,

    /// <summary>Some of the waiting work, in the seed's order.</summary>
    Run,

    /// <summary>All of the waiting work.</summary>
    Settle,

    /// <summary>Time goes on.</summary>
    Pass,
    Open,
    Trim,
    MoveLogStart,
    CloseSessions,

    /// <summary>Upkeep looks at the WAL: splits, carries forward, trims.</summary>
    TendWal,

    /// <summary>Upkeep looks at partitions and objects: retention, snapshots, deletes, sweeps.</summary>
    TendPartitions,

    /// <summary>A topic is deleted, and another one created.</summary>
    Delete,

    /// <summary>A coordinator loads its journal, appends commands, or saves its state.</summary>
    Journal,

    /// <summary>Producers are saved in a snapshot; what snapshots took the place of is deleted.</summary>
    SaveProducers,

    /// <summary>The machine loses power, or the process is killed, between two calls.</summary>
    Stop,

    /// <summary>The same within one of the next calls of the disk.</summary>
    StopInCall,
    StopCleanly,

    /// <summary>Some of the next calls of one kind fail.</summary>
    Fail,

    /// <summary>The disk becomes full, or free again.</summary>
    Fill,
    Check,

    /// <summary>Something that is known durable is damaged, and a broker started on that; the schedule goes on with the same disk unharmed.</summary>
    Damage,
}
