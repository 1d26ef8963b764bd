using OrleansStream.Abstractions.Topics;

namespace OrleansStream.Kafka.Gateway.Handlers;

/// <summary>Calls of grains on behalf of clients: whatever goes wrong on the way becomes a code that makes the client try again.</summary>
internal static class GrainCalls
{
    private static readonly TimeSpan BetweenTries = TimeSpan.FromMilliseconds(100);

    /// <summary>A failed call of a topic grain, as an answer: the change may or may not have happened, and asking again tells.</summary>
    public static TopicChange FailedChange(ErrorCode error) =>
        TopicChange.Failed(ErrorCode.RequestTimedOut, error == ErrorCode.RequestTimedOut ? "The catalog did not answer in time." : "The catalog cannot be reached now.");

    /// <summary>
    /// Calls the grain of a topic, again while the catalog cannot be written: it may be on the way from one broker to another. Until the time is up; whether a
    /// change was made that could not be answered for, the next try finds out.
    /// </summary>
    /// <returns>The last answer, and how many tries there were.</returns>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public static async Task<(TopicChange Change, int Tries)> ChangeAsync<TState>(
        ITopicGrain grain, TState state, Func<ITopicGrain, TState, Task<TopicChange>> call, (TimeSpan AtMost, TimeProvider Time, CancellationToken Gone) wait)
    {
        var started = wait.Time.GetTimestamp();
        for (var tries = 1; ; tries++)
        {
            var left = wait.AtMost - wait.Time.GetElapsedTime(started);
            var change = await TryAsync(grain, state, call, FailedChange, (left, wait.Time, wait.Gone));
            if (change.Error != ErrorCode.RequestTimedOut || wait.AtMost - wait.Time.GetElapsedTime(started) <= BetweenTries)
            {
                return (change, tries);
            }

            await Task.Delay(BetweenTries, wait.Time, wait.Gone);
        }
    }

    /// <summary>Calls a grain and waits for it no longer than given. The call itself is not ended by that.</summary>
    /// <returns>What the grain says, or what <paramref name="onFailure"/> makes of REQUEST_TIMED_OUT or COORDINATOR_NOT_AVAILABLE.</returns>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public static async Task<TAnswer> TryAsync<TGrain, TState, TAnswer>(
        TGrain grain, TState state, Func<TGrain, TState, Task<TAnswer>> call, Func<ErrorCode, TAnswer> onFailure, (TimeSpan AtMost, TimeProvider Time, CancellationToken Gone) wait)
    {
        try
        {
            return await call(grain, state).WaitAsync(wait.AtMost > TimeSpan.Zero ? wait.AtMost : TimeSpan.Zero, wait.Time, wait.Gone);
        }
        catch (TimeoutException)
        {
            return onFailure(ErrorCode.RequestTimedOut);
        }
        catch (Exception) when (!wait.Gone.IsCancellationRequested)
        {
            // Silos come and go, activations move: Orleans has many exceptions for that, and a client needs one answer.
            return onFailure(ErrorCode.CoordinatorNotAvailable);
        }
    }
}
