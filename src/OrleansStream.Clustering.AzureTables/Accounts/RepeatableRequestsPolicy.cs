using Azure.Core;
using Azure.Core.Pipeline;

namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>Repeats requests that found the account busy or unreachable, but for those whose repetition would hide what the first try did.</summary>
/// <remarks>
/// A transaction or a conditional blob write that succeeded unseen refuses its own repetition, which then looks like a lost race.
/// Their callers look up what happened before they try again.
/// </remarks>
internal sealed class RepeatableRequestsPolicy(int maxRetries, TimeSpan delay)
    : RetryPolicy(maxRetries, DelayStrategy.CreateExponentialDelayStrategy(delay, RetryDelays.Longest))
{
    protected override bool ShouldRetry(HttpMessage message, Exception? exception) => IsRepeatable(message.Request) && base.ShouldRetry(message, exception);

    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        IsRepeatable(message.Request) ? base.ShouldRetryAsync(message, exception) : new ValueTask<bool>(false);

    private static bool IsRepeatable(Azure.Core.Request request)
    {
        if (request.Method == RequestMethod.Post) return !request.Uri.Path.EndsWith("$batch", StringComparison.Ordinal);

        // A row that is gone already is what its deletion wanted, so deletions in tables may be repeated; they are told apart by the API.
        var changesBlob = request.Method == RequestMethod.Put || (request.Method == RequestMethod.Delete && !request.Uri.Path.EndsWith(')'));
        return !changesBlob || !(request.Headers.Contains("If-Match") || request.Headers.Contains("If-None-Match"));
    }
}
