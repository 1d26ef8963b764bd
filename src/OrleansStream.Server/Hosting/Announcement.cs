using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>The lines that a person reads after a start: where to connect, where data lies, and what to beware of.</summary>
internal static class Announcement
{
    public static async Task WriteAsync(BrokerSettings settings, string dataDirectory)
    {
        var kafka = string.Join(", ", settings.Listeners.Select(listener => $"{listener.AdvertisedHost}:{listener.AdvertisedPort}"));
        await Console.Out.WriteLineAsync($"OrleansStream broker {settings.Identity.Broker} serves Kafka clients on {kafka}; data in {dataDirectory}; health and metrics on http://{settings.Server.Http}.");
        if (settings.Listeners.FirstOrDefault(listener => !listener.IsLoopback) is { } open)
        {
            await Console.Out.WriteLineAsync($"Warning: {open.Name} can be reached from other machines and asks nobody who they are: whoever reaches it reads and writes everything.");
        }

        await Console.Out.FlushAsync();
    }
}
