using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Cluster;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Retention;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.Hosting;

/// <summary>Carries Kafka-named broker configs to the options of the code that they steer. What was set under Kafka's name wins over the option's own section.</summary>
internal static class BrokerOptions
{
    public static GroupOptions Groups(GroupOptions options, BrokerConfigValues configs)
    {
        TimeSpan Time(string name, TimeSpan own) => configs.IsSet(name) ? configs.Milliseconds(name) : own;
        var told = options with
        {
            MinSessionTimeout = Time("group.min.session.timeout.ms", options.MinSessionTimeout),
            MaxSessionTimeout = Time("group.max.session.timeout.ms", options.MaxSessionTimeout),
            InitialRebalanceDelay = Time("group.initial.rebalance.delay.ms", options.InitialRebalanceDelay),
            MaxSize = configs.IsSet("group.max.size") ? configs.Int("group.max.size") : options.MaxSize,
            OffsetMetadataMaxBytes = configs.IsSet("offset.metadata.max.bytes") ? configs.Int("offset.metadata.max.bytes") : options.OffsetMetadataMaxBytes,
            OffsetsRetention = configs.IsSet("offsets.retention.minutes") ? TimeSpan.FromMinutes(configs.Long("offsets.retention.minutes")) : options.OffsetsRetention,
        };
        void Check(string name, TimeSpan value, TimeSpan least, TimeSpan most) => TimeRange.Check(GroupOptions.Section, name, value, least, most);
        var moment = TimeSpan.FromMilliseconds(1);
        Check(nameof(GroupOptions.MinSessionTimeout), told.MinSessionTimeout, moment, TimeRange.Longest);
        Check(nameof(GroupOptions.MaxSessionTimeout), told.MaxSessionTimeout, moment, TimeRange.Longest);
        Check(nameof(GroupOptions.InitialRebalanceDelay), told.InitialRebalanceDelay, TimeSpan.Zero, TimeRange.Longest);
        Check(nameof(GroupOptions.NewMemberJoinTimeout), told.NewMemberJoinTimeout, moment, TimeRange.Longest);
        Check(nameof(GroupOptions.OffsetsRetention), told.OffsetsRetention, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(int.MaxValue));
        return told.MinSessionTimeout <= told.MaxSessionTimeout
            ? OptionSections.Validated(told, GroupOptions.Section)
            : throw new StartupException("group.min.session.timeout.ms must not be larger than group.max.session.timeout.ms.");
    }

    public static ProducerOptions Producers(ProducerOptions options, BrokerConfigValues configs)
    {
        if (configs.IsSet("producer.id.expiration.ms")) options.IdExpirationMs = configs.Int("producer.id.expiration.ms");
        return OptionSections.Validated(options, ProducerOptions.Section);
    }

    public static UpkeepOptions Upkeep(UpkeepOptions options, BrokerConfigValues configs)
    {
        if (configs.IsSet("log.retention.check.interval.ms")) options.RetentionInterval = configs.Milliseconds("log.retention.check.interval.ms");
        return OptionSections.Validated(options, UpkeepOptions.Section);
    }

    public static MovementOptions Movement(MovementOptions options)
    {
        TimeRange.Check(MovementOptions.Section, nameof(MovementOptions.JoinDelay), options.JoinDelay, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        return options;
    }

    public static GatewayOptions Gateway(GatewayOptions options, BrokerConfigValues configs)
    {
        // What Kafka's names set instead has Kafka's range.
        TimeRange.Check(GatewayOptions.Section, nameof(GatewayOptions.MaxIdle), options.MaxIdle, TimeSpan.FromSeconds(1), TimeRange.Longest);
        TimeRange.Check(GatewayOptions.Section, nameof(GatewayOptions.MaxStall), options.MaxStall, TimeSpan.FromSeconds(1), TimeRange.Longest);
        TimeRange.Check(GatewayOptions.Section, nameof(GatewayOptions.RequestTimeout), options.RequestTimeout, TimeSpan.FromMilliseconds(1), TimeRange.Longest);
        TimeRange.Check(GatewayOptions.Section, nameof(GatewayOptions.OffsetCommitTimeout), options.OffsetCommitTimeout, TimeSpan.FromMilliseconds(1), TimeRange.Longest);
        if (configs.IsSet("socket.request.max.bytes")) options.MaxRequestBytes = configs.Int("socket.request.max.bytes");
        if (configs.IsSet("max.connections")) options.MaxConnections = configs.Int("max.connections");
        if (configs.IsSet("max.connections.per.ip")) options.MaxConnectionsPerAddress = configs.Int("max.connections.per.ip");
        if (configs.IsSet("max.connection.creation.rate")) options.MaxConnectionsPerSecond = configs.Int("max.connection.creation.rate");
        if (configs.IsSet("connections.max.idle.ms")) options.MaxIdle = configs.Milliseconds("connections.max.idle.ms");
        if (configs.IsSet("fetch.max.bytes")) options.FetchMaxBytes = configs.Int("fetch.max.bytes");
        if (configs.IsSet("max.incremental.fetch.session.cache.slots")) options.MaxFetchSessions = configs.Int("max.incremental.fetch.session.cache.slots");
        if (configs.IsSet("max.request.partition.size.limit")) options.MaxDescribedPartitions = configs.Int("max.request.partition.size.limit");
        if (configs.IsSet("auto.create.topics.enable")) options.AutoCreateTopics = configs.Boolean("auto.create.topics.enable");
        if (configs.IsSet("delete.topic.enable")) options.DeleteTopics = configs.Boolean("delete.topic.enable");
        if (configs.IsSet("num.partitions")) options.DefaultPartitions = configs.Int("num.partitions");
        if (configs.IsSet("default.replication.factor")) options.DefaultReplicationFactor = (short)configs.Int("default.replication.factor");
        if (configs.IsSet("request.timeout.ms")) options.RequestTimeout = configs.Milliseconds("request.timeout.ms");
        if (configs.IsSet("offsets.commit.timeout.ms")) options.OffsetCommitTimeout = configs.Milliseconds("offsets.commit.timeout.ms");
        return OptionSections.Validated(options, GatewayOptions.Section);
    }
}
