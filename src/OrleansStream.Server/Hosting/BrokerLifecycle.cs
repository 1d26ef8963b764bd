using OrleansStream.Grains;
using OrleansStream.Kafka.Gateway.Hosting;

namespace OrleansStream.Server.Hosting;

/// <summary>What happens when the silo is up, and before it goes: the catalog is read before the first client, connections are answered before the last.</summary>
internal sealed class BrokerLifecycle(GrainStartup startup, GatewayDrain drain, BrokerState state) : IHostedLifecycleService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        startup.Begin();
        await startup.LoadCatalogAsync(cancellationToken);
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        state.Enter(Phase.Ready);
        return Task.CompletedTask;
    }

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        state.Enter(Phase.Draining);
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
