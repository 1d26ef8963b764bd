using OrleansStream.Coordination.Groups;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Server.Hosting;

/// <summary>Carries Kafka-named broker configs to the options of the code that they steer.</summary>
internal static class BrokerOptions
{
    public static GroupOptions Groups(BrokerConfigValues configs)
    {
        var options = new GroupOptions
        {
            MinSessionTimeout = configs.Milliseconds("group.min.session.timeout.ms"),
            MaxSessionTimeout = configs.Milliseconds("group.max.session.timeout.ms"),
            InitialRebalanceDelay = configs.Milliseconds("group.initial.rebalance.delay.ms"),
            MaxSize = configs.Int("group.max.size"),
            OffsetMetadataMaxBytes = configs.Int("offset.metadata.max.bytes"),
            OffsetsRetention = TimeSpan.FromMinutes(configs.Long("offsets.retention.minutes")),
        };
        return options.MinSessionTimeout <= options.MaxSessionTimeout
            ? options
            : throw new StartupException("group.min.session.timeout.ms must not be larger than group.max.session.timeout.ms.");
    }

    /// <summary>What was set under Kafka's name wins over the gateway's own section.</summary>
    public static void Gateway(GatewayOptions options, BrokerConfigValues configs)
    {
        if (configs.IsSet("socket.request.max.bytes")) options.MaxRequestBytes = configs.Int("socket.request.max.bytes");
        if (configs.IsSet("max.connections")) options.MaxConnections = configs.Int("max.connections");
        if (configs.IsSet("max.connections.per.ip")) options.MaxConnectionsPerAddress = configs.Int("max.connections.per.ip");
        if (configs.IsSet("connections.max.idle.ms")) options.MaxIdle = configs.Milliseconds("connections.max.idle.ms");
        if (configs.IsSet("fetch.max.bytes")) options.FetchMaxBytes = configs.Int("fetch.max.bytes");
        if (configs.IsSet("max.incremental.fetch.session.cache.slots")) options.MaxFetchSessions = configs.Int("max.incremental.fetch.session.cache.slots");
        if (configs.IsSet("max.request.partition.size.limit")) options.MaxDescribedPartitions = configs.Int("max.request.partition.size.limit");
        if (configs.IsSet("auto.create.topics.enable")) options.AutoCreateTopics = configs.Boolean("auto.create.topics.enable");
        if (configs.IsSet("delete.topic.enable")) options.DeleteTopics = configs.Boolean("delete.topic.enable");
        if (configs.IsSet("num.partitions")) options.DefaultPartitions = configs.Int("num.partitions");
        if (configs.IsSet("default.replication.factor")) options.DefaultReplicationFactor = (short)configs.Int("default.replication.factor");
    }
}
