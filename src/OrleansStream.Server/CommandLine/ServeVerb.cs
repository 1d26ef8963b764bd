using OrleansStream.Server.Hosting;

namespace OrleansStream.Server.CommandLine;

/// <summary>Starts a broker and runs it until it is told to stop.</summary>
internal static class ServeVerb
{
    // What can be wrong without a look at data comes first: settings, then ports, then where data lies, then what is in it.
    public static async Task<int> RunAsync(ServeRequest request, CancellationToken stop)
    {
        var asked = BrokerSettings.Read(request);
        using var sockets = new BoundSockets();
        var http = sockets.Bind(asked.Http, "The address of health and metrics", "--http HOST:PORT");
        var mover = asked.Listeners is [{ Name: "PLAINTEXT" }] ? "--kafka HOST:PORT" : "Kafka:listeners";
        var listeners = asked.Listeners.Select(listener => listener.BoundTo(sockets.Bind(listener.Bind, $"The Kafka listener {listener.Name}", mover))).ToList();
        LargeBlocks.KeepApart();
        var bound = new BoundSettings(asked, listeners, http, sockets);
        if (!await ServesAsync(bound, stop))
        {
            await Console.Out.WriteLineAsync("OrleansStream was told to stop before it served clients, and has stopped.");
        }

        return 0;
    }

    // False if it was told to stop before.
    private static async Task<bool> ServesAsync(BoundSettings bound, CancellationToken stop)
    {
        try
        {
            return await (bound.Settings.Cluster is { } cluster ? ClusterBroker.RunAsync(bound, cluster, stop) : FileBroker.RunAsync(bound, stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
