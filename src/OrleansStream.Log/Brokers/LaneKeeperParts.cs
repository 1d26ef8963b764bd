namespace OrleansStream.Log.Brokers;

/// <summary>What keeping a lane alive takes.</summary>
/// <param name="Time">Measures pauses and gaps.</param>
/// <param name="Random">For names of sessions. Locked while it is used.</param>
/// <param name="Scheduler">Where the keeper runs.</param>
/// <param name="Note">Told of what an operator should know. Must not throw.</param>
public sealed record LaneKeeperParts(TimeProvider Time, Random Random, TaskScheduler Scheduler, Action<string, Exception?> Note)
{
    /// <summary>Cancelled when a stop has taken its time: blocks without an outcome are left then (<see cref="StopBudget.LogEnds"/>). None: they are waited for.</summary>
    public CancellationToken StopEnds { get; init; }
}
