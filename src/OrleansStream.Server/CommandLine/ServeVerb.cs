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
        if (!await ServesAsync(settings, (directory, notes), sockets, stop))
        {
            await Console.Out.WriteLineAsync("OrleansStream was told to stop before it served clients, and has stopped.");
        }

        return 0;
    }

    // False if it was told to stop before.
    private static async Task<bool> ServesAsync(BrokerSettings settings, (DataDirectory Directory, StartupNotes Notes) data, BoundSockets sockets, CancellationToken stop)
    {
        try
        {
            return await RunAsync(settings, data, sockets, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> RunAsync(BrokerSettings settings, (DataDirectory Directory, StartupNotes Notes) data, BoundSockets sockets, CancellationToken stop)
    {
        var (directory, notes) = data;

        LargeBlocks.KeepApart();

        // Before the first instrument: those that are made earlier are found too, but what they count until then is not.
        using var metrics = new MetricsCollector();
        var catalog = new CatalogLink();
        await using var log = await FileLog.StartAsync(LogSetup(settings, directory, notes, catalog), stop);
        stop.ThrowIfCancellationRequested();
        await using var app = BrokerHost.Build(settings, new BrokerParts(log, catalog, sockets, metrics, stop));
        notes.Attach(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Log"));
        await StartAsync(app, settings, stop);
        var isWanted = !stop.IsCancellationRequested;
        if (isWanted) await Announcement.WriteAsync(settings, directory.Path, app.Services);
        await app.WaitForShutdownAsync(stop);
        return isWanted;
    }

    private static async Task StartAsync(WebApplication app, BrokerSettings settings, CancellationToken stop)
    {
        // Orleans and the host tell of a start that is broken off as of one that failed, with a stack for each part. A start takes a second: one that is not
        // wanted any more comes to its end and is then stopped in good order. It is cut off only if it takes longer than a stop may.
        using var late = new CancellationTokenSource();
        await using var patience = stop.Register(() => late.CancelAfter(settings.Server.StopTimeout));
        try
        {
            await app.StartAsync(late.Token);
        }
        catch (Exception exception)
        {
            var failure = late.IsCancellationRequested
                ? new StartupException($"OrleansStream was told to stop while it started, and did not come to the end of its start within {settings.Server.StopTimeout} (OrleansStream:StopTimeout): it is cut off.", exception)
                : exception;
            await StartupFailure.TellAsync(failure);

            // Half a silo may not know how to end. Somebody waits for this process to start it anew.
            _ = Task.Delay(settings.Server.StopTimeout, CancellationToken.None).ContinueWith(static _ => Environment.Exit(1), TaskScheduler.Default);
            if (failure != exception) throw failure;
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
