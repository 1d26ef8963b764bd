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

        foreach (var name in settings.Kafka.WithoutEffect)
        {
            SetWithoutEffect(logger, name);
        }

        await Console.Out.FlushAsync();
    }

    [LoggerMessage(LogLevel.Information, "Broker {Broker} of cluster {ClusterId} serves Kafka clients on {Addresses}; data in {DataDirectory}.")]
    private static partial void Started(ILogger logger, int broker, string clusterId, string addresses, string dataDirectory);

    [LoggerMessage(LogLevel.Warning, "Listener {Listener} on {Addresses} can be reached from other machines and asks nobody who they are.")]
    private static partial void ReachableByAll(ILogger logger, string listener, string addresses);

    [LoggerMessage(LogLevel.Warning, "Kafka:{Name} is set, is shown to clients, and has no effect in this broker.")]
    private static partial void SetWithoutEffect(ILogger logger, string name);
}
