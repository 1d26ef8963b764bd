namespace OrleansStream.Simulation.Schedules;

/// <summary>How a schedule went.</summary>
/// <param name="EventHash">Over all that happened, in order.</param>
/// <param name="Lives">How often a process was started.</param>
/// <param name="Acknowledged">Appends that were answered without an error.</param>
/// <param name="Answered">Appends that were answered at all.</param>
internal readonly record struct ScheduleResult(ulong EventHash, int Lives, int Acknowledged, int Answered)
{
    /// <summary>Starts on a disk that was damaged.</summary>
    public int Damages { get; init; }

    /// <summary>Those of them in which something was refused.</summary>
    public int Refusals { get; init; }

    /// <summary>Segments that were cut.</summary>
    public long Segments { get; init; }

    public long CarriedBytes { get; init; }

    /// <summary>Topics that were deleted.</summary>
    public int Deleted { get; init; }

    /// <summary>Commands in journals.</summary>
    public int Commands { get; init; }

    /// <summary>Loads of journals that began with a snapshot.</summary>
    public int Restored { get; init; }
}
