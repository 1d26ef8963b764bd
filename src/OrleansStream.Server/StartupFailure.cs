using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using OrleansStream.Log;

namespace OrleansStream.Server;

/// <summary>Turns what can go wrong at a start into one sentence.</summary>
internal static class StartupFailure
{
    private static int _isTold;

    /// <summary>What a person did wrong is one sentence; anything else is our fault and keeps its stack trace. Only the first failure is told: later ones follow from it.</summary>
    public static async Task TellAsync(Exception exception)
    {
        if (Interlocked.Exchange(ref _isTold, 1) == 0)
        {
            await Console.Error.WriteLineAsync(Explain(exception) ?? $"OrleansStream failed, which is a defect of it: {exception}");
        }
    }

    /// <summary>Null for a failure that is no one's mistake but ours.</summary>
    private static string? Explain(Exception exception) => exception switch
    {
        StartupException or LogException => exception.Message,
        OptionsValidationException options => string.Join(" ", options.Failures),
        ValidationException validation => validation.Message,
        FileNotFoundException => exception.Message,

        // A JSON file: which one, and then where in it.
        InvalidDataException { InnerException: { } inner } => $"{exception.Message} {inner.Message}",
        InvalidDataException => exception.Message,
        _ => null,
    };
}
