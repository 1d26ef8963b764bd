using Microsoft.Extensions.Hosting;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Groups;

/// <summary>Looks for offsets whose retention is over, every <c>offsets.retention.check.interval.ms</c>.</summary>
internal sealed class OffsetExpiry(GroupJournals groups, BrokerConfigValues configs, TimeProvider time) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(configs.Milliseconds("offsets.retention.check.interval.ms"), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                groups.ExpireOffsets();
            }
        }
        catch (OperationCanceledException)
        {
            // The broker stops.
        }
    }
}
