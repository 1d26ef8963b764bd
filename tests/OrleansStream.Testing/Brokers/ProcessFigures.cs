using System.Globalization;

namespace OrleansStream.Testing.Brokers;

/// <summary>What a process has used so far, as the Linux kernel counts it.</summary>
/// <param name="Cpu">Processor time of all its threads, user and kernel; steps of 10 ms.</param>
/// <param name="ResidentBytes">Resident memory now.</param>
/// <param name="PeakResidentBytes">The highest resident memory since the process began.</param>
public readonly record struct ProcessFigures(TimeSpan Cpu, long ResidentBytes, long PeakResidentBytes)
{
    // USER_HZ: a constant of the Linux ABI on every architecture that .NET runs on.
    private const double TicksPerSecond = 100;

    /// <summary>Reads the figures of one process.</summary>
    /// <exception cref="IOException">The process has ended.</exception>
    public static ProcessFigures Read(int processId)
    {
        var stat = File.ReadAllText($"/proc/{processId}/stat");

        // The program's name stands in parentheses and may hold blanks: count fields from the last parenthesis on.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);

        long resident = 0, peak = 0;
        foreach (var line in File.ReadLines($"/proc/{processId}/status"))
        {
            if (line.StartsWith("VmHWM:", StringComparison.Ordinal)) peak = KibibytesIn(line);
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal)) resident = KibibytesIn(line);
        }
        return new(TimeSpan.FromSeconds(ticks / TicksPerSecond), resident * 1024, peak * 1024);
    }

    private static long KibibytesIn(string line) =>
        long.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
