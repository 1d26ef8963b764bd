using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace OrleansStream.Grains.Cluster;

/// <summary>
/// What happens when the silo cannot go on, most of all when it finds that the others have declared it dead. Orleans' own handler sleeps for two seconds and
/// lets everything run on meanwhile; here the lane ends first, so that nothing more is acknowledged, and then the process ends.
/// </summary>
internal sealed partial class FencingFatalErrorHandler(BrokerClusterSetup setup, ILogger<FencingFatalErrorHandler> logger) : IFatalErrorHandler
{
    private const string WholeMembership = " Membership: [";

    public bool IsUnexpected(Exception exception) => exception is not ThreadInterruptedException;

    public void OnFatalException(object? sender = null, string? context = null, Exception? exception = null)
    {
        var why = $"The silo of broker {setup.Self} cannot go on: {Reason(context ?? exception?.Message)}";
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

    // What Orleans says ends with the whole membership, which is the same for every reader and fills a page.
    private static string Reason(string? said) => said is null ? "no reason was given" : said.IndexOf(WholeMembership, StringComparison.Ordinal) is var at and > 0 ? said[..at] : said;

    private static void EndAtOnce(string why)
    {
        // The log's own writer may not get round to it any more.
        Console.Error.WriteLine(why);
        Environment.FailFast(why);
    }

    [LoggerMessage(LogLevel.Critical, "{Why}")]
    private partial void LogFatal(Exception? exception, string why);
}
