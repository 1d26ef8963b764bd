using System.Diagnostics;

namespace OrleansStream.Interop.Tests.Brokers;

/// <summary>Waiting for what another process does: it can only be asked again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Asks until the answer is right; fails the test with <paramref name="expectation"/> and the last answer after 30 s.</summary>
    public static async Task<T> BecomesAsync<T>(Func<Task<T>> ask, Func<T, bool> isRight, string expectation)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var answer = await ask();
            if (isRight(answer)) return answer;
            Assert.True(watch.Elapsed < Limit, $"Not within {Limit.TotalSeconds:0} s: {expectation}. Last seen: {answer}");
            await Task.Delay(Interval);
        }
    }
}
