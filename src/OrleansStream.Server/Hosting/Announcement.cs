using System.Net;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace OrleansStream.Server.Hosting;

/// <summary>The lines that a person reads after a start: where to connect, where data lies, and what to beware of.</summary>
internal static partial class Announcement
{
    public static async Task WriteAsync(BrokerSettings settings, IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Server");
        var kafka = string.Join(", ", settings.Listeners.Select(listener => $"{listener.AdvertisedHost}:{listener.AdvertisedPort}"));

        // Said once: in words to people, whose log may be silenced, and as an event to whatever reads events.
        if (services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value.FormatterName == ConsoleFormatterNames.Simple)
        {
            await Console.Out.WriteLineAsync($"OrleansStream broker {settings.Identity.Broker} serves Kafka clients on {kafka}; data in {settings.Identity.Place}; health and metrics on http://{settings.Http[0]}.");
            await Console.Out.FlushAsync();
        }
        else
        {
            new StartEvent(logger).Write(settings.Identity.Broker.Value, kafka, settings.Identity.Place, settings.Http[0], settings.Identity.ClusterId);
        }

        foreach (var open in settings.Listeners.Where(listener => !listener.IsLoopback))
        {
            ReachableByAll(logger, open.Name, string.Join(", ", open.Bind));
        }

        foreach (var open in settings.Http.Where(address => !IPAddress.IsLoopback(address.Address)))
        {
            HttpReachableByAll(logger, open);
        }

        if (settings.WithoutEffect.Count > 0)
        {
            SetWithoutEffect(logger, string.Join(", ", settings.WithoutEffect));
        }
    }

    [LoggerMessage(LogLevel.Warning, "Listener {Listener} on {Addresses} can be reached from other machines and asks nobody who they are: whoever reaches it reads and writes everything.")]
    private static partial void ReachableByAll(ILogger logger, string listener, string addresses);

    [LoggerMessage(LogLevel.Warning, "Health and metrics on {Address} can be reached from other machines and ask nobody who they are.")]
    private static partial void HttpReachableByAll(ILogger logger, IPEndPoint address);

    // One line for all: a file of a Kafka broker sets dozens.
    [LoggerMessage(LogLevel.Warning, "Set under Kafka: and without effect in this broker: {Names}.")]
    private static partial void SetWithoutEffect(ILogger logger, string names);
}
