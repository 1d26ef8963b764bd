using System.Runtime.InteropServices;

namespace OrleansStream.Benchmarks.Load;

/// <summary>Sleeping to the microsecond, for an even rate of records: the framework's timers have steps of a millisecond.</summary>
internal static unsafe partial class MonotonicClock
{
    private const int Monotonic = 1;
    private const int Absolute = 1;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Now, on the clock of <see cref="SleepUntil"/>, in nanoseconds.</summary>
    public static long Now
    {
        get
        {
            TimeSpec now;
            _ = GetTime(Monotonic, &now);
            return (now.Seconds * NanosecondsPerSecond) + now.Nanoseconds;
        }
    }

    public static void SleepUntil(long nanoseconds)
    {
        var until = new TimeSpec { Seconds = nanoseconds / NanosecondsPerSecond, Nanoseconds = nanoseconds % NanosecondsPerSecond };
        // A signal may wake it early.
        while (Now < nanoseconds) _ = Nanosleep(Monotonic, Absolute, &until, null);
    }

    public static void Sleep(TimeSpan duration) => SleepUntil(Now + (long)duration.TotalNanoseconds);

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, TimeSpec* time);

    [LibraryImport("libc", EntryPoint = "clock_nanosleep")]
    private static partial int Nanosleep(int clock, int flags, TimeSpec* request, TimeSpec* remain);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}
