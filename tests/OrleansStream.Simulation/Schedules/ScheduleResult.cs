namespace OrleansStream.Simulation.Schedules;

/// <summary>How a schedule went.</summary>
/// <param name="EventHash">Over all that happened, in order.</param>
/// <param name="Lives">How often a process was started.</param>
/// <param name="Acknowledged">Appends that were answered without an error.</param>
/// <param name="Answered">Appends that were answered at all.</param>
internal readonly record struct ScheduleResult(ulong EventHash, int Lives, int Acknowledged, int Answered);
