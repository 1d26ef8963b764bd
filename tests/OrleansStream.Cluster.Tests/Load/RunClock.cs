namespace OrleansStream.Cluster.Tests.Load;

/// <summary>The time since a run began: one clock for all its clients.</summary>
internal sealed class RunClock
{
    private readonly long _start = TimeProvider.System.GetTimestamp();

    public TimeSpan Now => TimeProvider.System.GetElapsedTime(_start);
}
