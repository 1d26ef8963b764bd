namespace OrleansStream.Testing.Disks;

/// <summary>The simulated process or machine is gone: every call of it ends here. It is no disk error, so no code may handle it as one.</summary>
public sealed class SimulatedCrashException(long writePoint) : Exception($"The simulated machine stopped at write point {writePoint}.")
{
    public long WritePoint { get; } = writePoint;
}
