using OrleansStream.Log.Files.Brokers;
using OrleansStream.Server.Http;

namespace OrleansStream.Server.Hosting;

/// <summary>What is there before the host is built.</summary>
internal sealed record BrokerParts(FileLog Log, CatalogLink Catalog, BoundSockets Sockets, MetricsCollector Metrics);
