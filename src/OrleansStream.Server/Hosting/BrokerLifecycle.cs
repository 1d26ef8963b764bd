using OrleansStream.Grains;
using OrleansStream.Grains.Cluster;
using OrleansStream.Kafka.Gateway.Hosting;

namespace OrleansStream.Server.Hosting;

/// <summary>What happens when the silo is up, and before it goes: the catalog is read before the first client, connections are answered before the last.</summary>
internal sealed class BrokerLifecycle(GrainStartup startup, GatewayDrain drain, BrokerState state, StopOrder stop, BrokerDrain? leaving = null) : IHostedLifecycleService
{
    // Of a broker that is told to stop. Reading the catalog takes milliseconds and may take minutes; a read that is left alone meets a silo that is gone, and
    // is told of as a failure.
    private static readonly TimeSpan LoadsThisLong = TimeSpan.FromSeconds(2);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        startup.Begin();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var patience = stop.Token.Register(() => enough.CancelAfter(LoadsThisLong));
        try
        {
            await startup.LoadCatalogAsync(enough.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            // An exception would be told as a failed start. Kestrel starts all the same, so nobody is let in: without the catalog every topic would be unknown.
            await StoppingAsync(cancellationToken);
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        state.Enter(Phase.Ready);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        state.Enter(Phase.Draining);

        // Others take over one partition after the other while clients are served here; only what nobody takes ends with the connections.
        if (leaving is not null)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, stop.Budget.HandOverEnds);
            await leaving.LeaveAsync(enough.Token);
        }

        await drain.DrainAsync(cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken)
    {
        state.Enter(Phase.Stopped);
        return Task.CompletedTask;
    }
}
