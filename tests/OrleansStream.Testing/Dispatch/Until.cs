using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace OrleansStream.Testing.Dispatch;

/// <summary>Waits for what other threads are about to do and no event tells of. What does not come fails the test by name, instead of holding it for ever.</summary>
public static class Until
{
    // What takes microseconds takes seconds on a machine that is busy with all the other tests.
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Completes once it is so.</summary>
    /// <param name="isSo">What is waited for. It must become so by itself, and stay so.</param>
    /// <param name="what">How the caller wrote it.</param>
    public static Task SoAsync(Func<bool> isSo, [CallerArgumentExpression(nameof(isSo))] string what = "") => SoAsync(isSo, static () => { }, what);

    /// <summary>Completes once it is so, which it may become by what the test does again and again meanwhile.</summary>
    /// <param name="isSo">What is waited for.</param>
    /// <param name="doing">Lets time go by, or answers what is waited for.</param>
    /// <param name="what">How the caller wrote it.</param>
    public static async Task SoAsync(Func<bool> isSo, Action doing, [CallerArgumentExpression(nameof(isSo))] string what = "")
    {
        for (var began = Stopwatch.GetTimestamp(); !isSo();)
        {
            if (Stopwatch.GetElapsedTime(began) > Longest) throw new TimeoutException($"Not within {Longest.TotalSeconds} s: {what}");
            doing();

            // By way of the thread pool, behind what waits there: what goes on by that has its turn first, and no more time goes by in the meantime.
            await Task.Run(static () => { });
        }
    }
}
