using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>What is there before the host is built; <paramref name="Stop"/> is cancelled when the process is told to stop.</summary>
internal sealed record BrokerParts(LogSlot Log, CatalogLink Catalog, BoundSockets Sockets, MetricsCollector Metrics, CancellationToken Stop);
