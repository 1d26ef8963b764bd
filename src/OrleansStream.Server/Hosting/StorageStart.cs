using Microsoft.Extensions.Logging;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.Storage;

namespace OrleansStream.Server.Hosting;

/// <summary>Waits at a start for storage that cannot be reached: it is often the account, or its network, that comes up last.</summary>
internal static class StorageStart
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    /// <summary>Calls until it succeeds, fails for a reason that does not pass, or the time is over.</summary>
    /// <param name="call">May be repeated.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StartupException">Storage could not be reached in time.</exception>
    /// <exception cref="StorageException">Storage refused: credentials, rights, names.</exception>
    public static async Task<T> ReachAsync<T>(Func<CancellationToken, ValueTask<T>> call, TimeSpan patience, CancellationToken cancellationToken)
    {
        var since = TimeProvider.System.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await call(cancellationToken);
            }
            catch (StorageException failed) when (failed.IsTransient)
            {
                var waited = TimeProvider.System.GetElapsedTime(since);
                if (waited + pause > patience)
                {
                    throw new StartupException($"The storage account could not be reached within {patience}: {failed.Message} OrleansStream:StorageTimeout says how long a start waits.", failed);
                }

                await Console.Error.WriteLineAsync($"The storage account cannot be reached; the next try comes in {pause.TotalSeconds:0.#} s, the last one after {patience}. {failed.Message}");
            }

            await Task.Delay(pause, cancellationToken);
        }
    }
}
