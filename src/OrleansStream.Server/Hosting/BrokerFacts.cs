using System.Globalization;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>What DescribeConfigs is to show where Kafka's default is not what this broker does.</summary>
internal static class BrokerFacts
{
    /// <summary>The configs with the values that are in force. What was set by its Kafka name stays as it was written.</summary>
    public static BrokerConfigValues Add(BrokerConfigValues kafka, BrokerSettings settings)
    {
        var gateway = settings.Gateway;
        var groups = settings.Groups;
        var facts = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["listeners"] = string.Join(',', settings.Listeners.Select(Bound)),
            ["advertised.listeners"] = string.Join(',', settings.Listeners.Select(listener => listener.Advertised)),
            ["log.dirs"] = settings.Identity.Place,
            ["node.id"] = Text(settings.Identity.Broker.Value),
            ["broker.id"] = Text(settings.Identity.Broker.Value),
            ["socket.request.max.bytes"] = Text(gateway.MaxRequestBytes),
            ["max.connections"] = Text(gateway.MaxConnections),
            ["max.connection.creation.rate"] = Text(gateway.MaxConnectionsPerSecond),
            ["max.connections.per.ip"] = Text(gateway.MaxConnectionsPerAddress),
            ["connections.max.idle.ms"] = Text((long)gateway.MaxIdle.TotalMilliseconds),
            ["fetch.max.bytes"] = Text(gateway.FetchMaxBytes),
            ["max.incremental.fetch.session.cache.slots"] = Text(gateway.MaxFetchSessions),
            ["max.request.partition.size.limit"] = Text(gateway.MaxDescribedPartitions),
            ["auto.create.topics.enable"] = gateway.AutoCreateTopics ? "true" : "false",
            ["delete.topic.enable"] = gateway.DeleteTopics ? "true" : "false",
            ["request.timeout.ms"] = Text((long)gateway.RequestTimeout.TotalMilliseconds),
            ["offsets.commit.timeout.ms"] = Text((long)gateway.OffsetCommitTimeout.TotalMilliseconds),
            ["group.min.session.timeout.ms"] = Text((long)groups.MinSessionTimeout.TotalMilliseconds),
            ["group.max.session.timeout.ms"] = Text((long)groups.MaxSessionTimeout.TotalMilliseconds),
            ["group.initial.rebalance.delay.ms"] = Text((long)groups.InitialRebalanceDelay.TotalMilliseconds),
            ["group.max.size"] = Text(groups.MaxSize),
            ["offset.metadata.max.bytes"] = Text(groups.OffsetMetadataMaxBytes),
            ["offsets.retention.minutes"] = Text((long)groups.OffsetsRetention.TotalMinutes),
            ["num.partitions"] = Text(gateway.DefaultPartitions),
            ["default.replication.factor"] = Text(gateway.DefaultReplicationFactor),
            ["log.retention.check.interval.ms"] = Text((long)settings.Upkeep.RetentionInterval.TotalMilliseconds),
            ["producer.id.expiration.ms"] = Text(settings.Producers.IdExpirationMs),
        };
        foreach (var (name, value) in facts.ToList())
        {
            if (kafka.IsSet(name) ? !IsAlwaysShown(name) : BrokerConfigs.Find(name)!.Default == value)
            {
                facts.Remove(name);
            }
        }

        return kafka.With(facts);
    }

    // Port 0 is worth its real number, however it was written.
    private static bool IsAlwaysShown(string name) => name is "listeners" or "advertised.listeners";

    private static string Bound(Listener listener) =>
        $"{listener.Name}://{(listener.IsLoopback && listener.Bind.Count > 1 ? "localhost" : listener.Bind[0].Address.ToString() is var host && host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{listener.Bind[0].Port}";

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
