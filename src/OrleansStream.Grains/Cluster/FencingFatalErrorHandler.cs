using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// What happens when the silo cannot go on, most of all when it finds that the others have declared it dead. Orleans' own handler sleeps for two seconds and
/// lets everything run on meanwhile; here the lane ends first, so that nothing more is acknowledged, and then the process ends.
/// </summary>
internal sealed partial class FencingFatalErrorHandler(BrokerClusterSetup setup, ILogger<FencingFatalErrorHandler> logger) : IFatalErrorHandler
{
    public bool IsUnexpected(Exception exception) => exception is not ThreadInterruptedException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        var why = $"The silo of broker {setup.Self} cannot go on: {context ?? exception?.Message ?? "no reason was given"}";
        try
        {
            setup.EndLane(why);
        }
        finally
        {
            LogFatal(exception, why);
            (setup.EndProcess ?? EndAtOnce)(why);
        }
    }

    private static void EndAtOnce(string why)
    {
        // The log's own writer may not get round to it any more.
        Console.Error.WriteLine(why);
        Environment.FailFast(why);
    }

    [LoggerMessage(LogLevel.Critical, "{Why}")]
    private partial void LogFatal(Exception? exception, string why);
}
