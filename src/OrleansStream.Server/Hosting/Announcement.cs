using System.Net;

namespace OrleansStream.Server.Hosting;

/// <summary>The lines that a person reads after a start: where to connect, where data lies, and what to beware of.</summary>
internal static partial class Announcement
{
    public static async Task WriteAsync(BrokerSettings settings, string dataDirectory, ILoggerFactory loggers)
    {
        var kafka = string.Join(", ", settings.Listeners.Select(listener => $"{listener.AdvertisedHost}:{listener.AdvertisedPort}"));
        await Console.Out.WriteLineAsync($"OrleansStream broker {settings.Identity.Broker} serves Kafka clients on {kafka}; data in {dataDirectory}; health and metrics on http://{settings.Http[0]}.");
        var logger = loggers.CreateLogger("OrleansStream.Server");
        Started(logger, settings.Identity.Broker.Value, settings.Identity.ClusterId, kafka, dataDirectory);
        foreach (var open in settings.Listeners.Where(listener => !listener.IsLoopback))
        {
            await Console.Out.WriteLineAsync($"Warning: {open.Name} can be reached from other machines and asks nobody who they are: whoever reaches it reads and writes everything.");
            ReachableByAll(logger, open.Name, string.Join(", ", open.Bind));
        }

        foreach (var open in settings.Http.Where(address => !IPAddress.IsLoopback(address.Address)))
        {
            await Console.Out.WriteLineAsync($"Warning: health and metrics on http://{open} can be reached from other machines and ask nobody who they are.");
            HttpReachableByAll(logger, open);
        }

        if (settings.WithoutEffect.Count > 0)
        {
            SetWithoutEffect(logger, string.Join(", ", settings.WithoutEffect));
        }

        await Console.Out.FlushAsync();
    }

    [LoggerMessage(LogLevel.Information, "Broker {Broker} of cluster {ClusterId} serves Kafka clients on {Addresses}; data in {DataDirectory}.")]
    private static partial void Started(ILogger logger, int broker, string clusterId, string addresses, string dataDirectory);

    [LoggerMessage(LogLevel.Warning, "Listener {Listener} on {Addresses} can be reached from other machines and asks nobody who they are.")]
    private static partial void ReachableByAll(ILogger logger, string listener, string addresses);

    [LoggerMessage(LogLevel.Warning, "Health and metrics on {Address} can be reached from other machines and ask nobody who they are.")]
    private static partial void HttpReachableByAll(ILogger logger, IPEndPoint address);

    // One line for all: a file of a Kafka broker sets dozens.
    [LoggerMessage(LogLevel.Warning, "Set under Kafka: and without effect in this broker: {Names}.")]
    private static partial void SetWithoutEffect(ILogger logger, string names);
}
