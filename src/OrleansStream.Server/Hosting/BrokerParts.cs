using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>What is there before the host is built.</summary>
internal sealed record BrokerParts(LogSlot Log, CatalogLink Catalog, BoundSockets Sockets, MetricsCollector Metrics, StopOrder Stop);
