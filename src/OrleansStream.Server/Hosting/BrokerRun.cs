using Microsoft.AspNetCore.Builder;

namespace OrleansStream.Server.Hosting;

/// <summary>Runs a host that is wired, from its start to its end.</summary>
internal static class BrokerRun
{
    /// <returns>False if it was told to stop before it served.</returns>
    public static async Task<bool> UntilStoppedAsync(BrokerApp broker, BrokerSettings settings, StartupNotes notes, StopOrder stop)
    {
        var app = broker.Host;
        notes.Attach(app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("OrleansStream.Log"));
        await using var begins = stop.Token.Register(stop.Budget.Begin);
        await StartAsync(broker, settings, stop.Token);
        var isWanted = !stop.Token.IsCancellationRequested;
        if (isWanted) await Announcement.WriteAsync(settings, app.Services);
        try
        {
            await app.WaitForShutdownAsync(stop.Token).WaitAsync(stop.Budget.ConnectionsEnd);
        }
        catch (OperationCanceledException) when (stop.Budget.ConnectionsEnd.IsCancellationRequested)
        {
            // A silo whose membership table is silent, for one. The log has the rest of the time, so that what storage still takes of it is not left.
            broker.Leave();
            notes.Write($"Connections and the silo have not ended within {stop.Budget.ForConnections} of the order to stop; the log is ended without them.", null);
        }

        return isWanted;
    }

    private static async Task StartAsync(BrokerApp broker, BrokerSettings settings, CancellationToken stop)
    {
        // Orleans and the host tell of a start that is broken off as of one that failed, with a stack for each part. A start takes a second: one that is not
        // wanted any more comes to its end and is then stopped in good order. It is cut off only if it takes longer than a stop may.
        using var late = new CancellationTokenSource();
        await using var patience = stop.Register(() => late.CancelAfter(settings.Server.StopTimeout));
        try
        {
            await broker.Host.StartAsync(late.Token);
        }
        catch (Exception exception)
        {
            var failure = late.IsCancellationRequested
                ? new StartupException($"OrleansStream was told to stop while it started, and did not come to the end of its start within {settings.Server.StopTimeout} (OrleansStream:StopTimeout): it is cut off.", exception)
                : exception;
            await StartupFailure.TellAsync(failure);

            // Half a silo may not know how to end. Somebody waits for this process to start it anew.
            _ = Task.Delay(settings.Server.StopTimeout, CancellationToken.None).ContinueWith(static _ => Environment.Exit(1), TaskScheduler.Default);
            if (failure == exception) throw;
            broker.Leave();
            throw failure;
        }
    }
}
