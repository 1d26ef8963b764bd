using Microsoft.AspNetCore.Builder;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log.Files.Brokers;
using OrleansStream.Log.Files.Directories;
using OrleansStream.Log.Files.Disks;
using OrleansStream.Server.Configuration;
using OrleansStream.Server.Hosting;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.CommandLine;

/// <summary>Starts a broker and runs it until it is told to stop.</summary>
internal static class ServeVerb
{
    // What can be wrong without a look at data comes first: settings, then ports, then the directory, then what is in it.
    public static async Task<int> RunAsync(ServeRequest request, CancellationToken stop)
    {
        var asked = BrokerSettings.Read(request);
        using var sockets = new BoundSockets();
        var http = sockets.Bind(asked.Http, "The address of health and metrics", "--http HOST:PORT");
        var mover = asked.Listeners is [{ Name: "PLAINTEXT" }] ? "--kafka HOST:PORT" : "Kafka:listeners";
        var listeners = asked.Listeners.Select(listener => listener.BoundTo(sockets.Bind(listener.Bind, $"The Kafka listener {listener.Name}", mover))).ToList();
        var notes = new StartupNotes();
        using var directory = DataDirectory.Open(asked.Server.Data, root => new LinuxDisk(root, text => notes.Write(text, null)), asked.Identity);
        var settings = asked.With(listeners, http, directory);
        try
        {
            await RunAsync(settings, (directory, notes), sockets, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop before it served.
        }

        return 0;
    }

    private static async Task RunAsync(BrokerSettings settings, (DataDirectory Directory, StartupNotes Notes) data, BoundSockets sockets, CancellationToken stop)
    {
        var (directory, notes) = data;

        LargeBlocks.KeepApart();

        // Before the first instrument: those that are made earlier are found too, but what they count until then is not.
        using var metrics = new MetricsCollector();
        var catalog = new CatalogLink();
        await using var log = await FileLog.StartAsync(LogSetup(settings, directory, notes, catalog), stop);
        await using var app = BrokerHost.Build(settings, new BrokerParts(log, catalog, sockets, metrics));
        notes.Attach(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Log"));
        await StartAsync(app, settings, stop);
        await Announcement.WriteAsync(settings, directory.Path, app.Services.GetRequiredService<ILoggerFactory>());
        await app.WaitForShutdownAsync(stop);
    }

    private static async Task StartAsync(WebApplication app, BrokerSettings settings, CancellationToken stop)
    {
        try
        {
            await app.StartAsync(stop);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            await StartupFailure.TellAsync(exception);

            // Half a silo may not know how to end. Somebody waits for this process to start it anew.
            _ = Task.Delay(settings.Server.StopTimeout, CancellationToken.None).ContinueWith(static _ => Environment.Exit(1), TaskScheduler.Default);
            throw;
        }
    }

    private static FileLogSetup LogSetup(BrokerSettings settings, DataDirectory directory, StartupNotes notes, CatalogLink catalog) => new()
    {
        Directory = directory,
        Time = TimeProvider.System,
        Random = new Random(),
        ConfirmTopic = catalog.ConfirmAsync,
        Note = notes.Write,
        NoteFault = notes.WriteError,
        NameOf = partition => catalog.Name(partition),
        Lane = settings.Lane,
        ColdReads = settings.ColdReads,
        TailCache = settings.TailCache,
        Journals = settings.Journals,
        Producers = settings.Producers,
        Validation = settings.Validation.Records,
        Segments = settings.Segments,
        Split = settings.Split,
        Upkeep = settings.Upkeep,
        SettingsOf = partition => catalog.Settings(partition),

        // What keeps groups and the catalog is always about to be asked.
        ClosesWhenIdle = static partition => !HiddenTopics.Contains(partition.Topic),
        Meters = new ProcessMeters(),
    };
}
