using OrleansStream.Testing.Brokers;

namespace OrleansStream.Benchmarks.Load;

/// <summary>What one run moved and what both sides of the connection spent on it.</summary>
/// <param name="Bytes">Payload bytes: values only, neither keys nor headers of the protocol.</param>
/// <param name="Elapsed">From the first record offered to the last one acknowledged or read.</param>
/// <param name="BrokerCpu">The broker's processor time, with the two seconds after the end, where work that was put off is done.</param>
/// <param name="ClientCpu">This process' processor time between start and end.</param>
internal sealed record LoadResult(long Bytes, TimeSpan Elapsed, TimeSpan BrokerCpu, TimeSpan ClientCpu)
{
    public double MegabytesPerSecond => Bytes / 1e6 / Elapsed.TotalSeconds;

    public double CpuSecondsPerGigabyte => BrokerCpu.TotalSeconds / (Bytes / 1e9);

    /// <summary>The client's share of all processors, 0 to 1.</summary>
    public double ClientShare => ClientCpu / (Elapsed * Environment.ProcessorCount);

    /// <summary>Runs <paramref name="load"/>, which returns the bytes that it moved, and measures around it.</summary>
    /// <param name="processId">The broker's process; 0 if it is not on this machine.</param>
    public static LoadResult Measure(int processId, Func<long> load)
    {
        var brokerBefore = CpuOf(processId);
        var clientBefore = Environment.CpuUsage.TotalTime;
        var start = TimeProvider.System.GetTimestamp();

        var bytes = load();

        var elapsed = TimeProvider.System.GetElapsedTime(start);
        var client = Environment.CpuUsage.TotalTime - clientBefore;
        // A broker that acknowledges first and works later shall not look cheaper than one that does it at once.
        MonotonicClock.Sleep(TimeSpan.FromSeconds(2));
        return new(bytes, elapsed, CpuOf(processId) - brokerBefore, client);
    }

    private static TimeSpan CpuOf(int processId) => processId == 0 ? TimeSpan.Zero : ProcessFigures.Read(processId).Cpu;
}
