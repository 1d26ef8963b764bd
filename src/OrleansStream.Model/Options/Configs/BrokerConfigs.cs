using System.Collections.Frozen;

namespace OrleansStream.Model.Options.Configs;

/// <summary>
/// All broker configs of Kafka, with its names, types and defaults, because tools read them. Those with a text of their own have their effect here; the
/// others belong to machinery that this broker does not have: they are shown, and may be set so that a Kafka broker's file is taken as it is. Names that
/// begin with orleansstream are our own.
/// </summary>
public static class BrokerConfigs
{
    private const string BehindTopic = "Default of the topic config that it stands behind.";

    // Nothing at all would be kept with 0, which a topic may ask for and a whole broker may not, as in Kafka.
    private static readonly ConfigRule Retention = ConfigRule.DefaultOrBetween(1, long.MaxValue);

    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<ConfigDefinition> All { get; } =
    [
        Define("node.id", ConfigType.Int, "1", "The number of this broker."),
        Define("broker.id", ConfigType.Int, "-1", "The older name of node.id."),
        Define("message.max.bytes", ConfigType.Int, "1048588", "The largest batch, unless the topic says otherwise; never above 16 MiB, the largest block."),
        Shown("num.io.threads", ConfigType.Int, "8"),
        Define("request.timeout.ms", ConfigType.Int, "30000", "How long the broker waits for itself on behalf of a client.", ConfigRule.Between(1, int.MaxValue)),
        Define("broker.rack", ConfigType.String, null, "The rack that Metadata shows."),
        Define("delete.topic.enable", ConfigType.Boolean, "true", "Whether topics can be deleted."),
        Define("compression.type", ConfigType.String, "producer", BehindTopic),
        Define("compression.gzip.level", ConfigType.Int, "-1", BehindTopic),
        Define("compression.lz4.level", ConfigType.Int, "9", BehindTopic),
        Define("compression.zstd.level", ConfigType.Int, "3", BehindTopic),
        Define("max.incremental.fetch.session.cache.slots", ConfigType.Int, "1000", "Fetch sessions that this broker keeps.", ConfigRule.AtLeast(0)),
        Define("fetch.max.bytes", ConfigType.Int, "57671680", "The most that one Fetch answer carries.", ConfigRule.AtLeast(1024)),
        Define("max.request.partition.size.limit", ConfigType.Int, "2000", "The most partitions that one DescribeTopicPartitions answer carries.", ConfigRule.AtLeast(1)),
        Define("listeners", ConfigType.List, "PLAINTEXT://:9092", "Where this broker listens."),
        Define("advertised.listeners", ConfigType.List, null, "Where clients are told to connect."),
        Define("listener.security.protocol.map", ConfigType.String, "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT", "Which protocol each listener speaks; PLAINTEXT is the one that there is."),
        Shown("socket.send.buffer.bytes", ConfigType.Int, "102400"),
        Shown("socket.receive.buffer.bytes", ConfigType.Int, "102400"),
        Define("socket.request.max.bytes", ConfigType.Int, "104857600", "The largest request; a larger one closes its connection.", ConfigRule.Between(1024, 1024 * 1024 * 1024)),
        Shown("socket.listen.backlog.size", ConfigType.Int, "50"),
        Define("max.connections.per.ip", ConfigType.Int, "2147483647", "Connections that this broker accepts from one address.", ConfigRule.AtLeast(1)),
        Define("max.connection.creation.rate", ConfigType.Int, "2147483647", "New connections a second that this broker accepts; what comes faster waits.", ConfigRule.AtLeast(1)),
        Define("max.connections", ConfigType.Int, "2147483647", "Connections that this broker accepts.", ConfigRule.AtLeast(1)),
        Define("connections.max.idle.ms", ConfigType.Long, "600000", "After this time without a request a connection is closed.", ConfigRule.AtLeast(1000)),
        Shown("queued.max.requests", ConfigType.Int, "500"),
        Shown("num.network.threads", ConfigType.Int, "3"),
        Shown("controller.socket.timeout.ms", ConfigType.Int, "30000"),
        Define("default.replication.factor", ConfigType.Int, "1", "What a topic shows that is created without a replication factor; storage replicates by itself.", ConfigRule.Between(1, 100)),
        Shown("replica.lag.time.max.ms", ConfigType.Long, "30000"),
        Shown("replica.socket.timeout.ms", ConfigType.Int, "30000"),
        Shown("replica.socket.receive.buffer.bytes", ConfigType.Int, "65536"),
        Shown("replica.fetch.max.bytes", ConfigType.Int, "1048576"),
        Shown("replica.fetch.wait.max.ms", ConfigType.Int, "500"),
        Shown("replica.fetch.backoff.ms", ConfigType.Int, "1000"),
        Shown("replica.fetch.min.bytes", ConfigType.Int, "1"),
        Shown("replica.fetch.response.max.bytes", ConfigType.Int, "10485760"),
        Shown("num.replica.fetchers", ConfigType.Int, "1"),
        Shown("replica.high.watermark.checkpoint.interval.ms", ConfigType.Long, "5000"),
        Shown("fetch.purgatory.purge.interval.requests", ConfigType.Int, "1000"),
        Shown("producer.purgatory.purge.interval.requests", ConfigType.Int, "1000"),
        Shown("delete.records.purgatory.purge.interval.requests", ConfigType.Int, "1"),
        Shown("auto.leader.rebalance.enable", ConfigType.Boolean, "true"),
        Shown("leader.imbalance.check.interval.seconds", ConfigType.Long, "300"),
        Define("unclean.leader.election.enable", ConfigType.Boolean, "false", BehindTopic),
        Shown("follower.fetch.last.tiered.offset.enable", ConfigType.Boolean, "false"),
        Define("num.partitions", ConfigType.Int, "1", "Partitions of a topic that is created without a number.", ConfigRule.Between(1, 10_000)),
        Shown("log.dir", ConfigType.List, null),
        Define("log.dirs", ConfigType.List, null, "The data directory; set by --data, not here."),
        Define("log.segment.bytes", ConfigType.Int, "1073741824", BehindTopic),
        Define("log.roll.ms", ConfigType.Long, null, BehindTopic, ConfigRule.AtLeast(1)),
        Define("log.roll.hours", ConfigType.Int, "168", BehindTopic, ConfigRule.AtLeast(1)),
        Define("log.roll.jitter.ms", ConfigType.Long, null, BehindTopic),
        Define("log.roll.jitter.hours", ConfigType.Int, "0", BehindTopic, ConfigRule.AtLeast(0)),
        Define("log.retention.ms", ConfigType.Long, null, BehindTopic, Retention),
        Define("log.retention.minutes", ConfigType.Int, null, BehindTopic, Retention),
        Define("log.retention.hours", ConfigType.Int, "168", BehindTopic, Retention),
        Define("log.retention.bytes", ConfigType.Long, "-1", BehindTopic),
        Define("log.retention.check.interval.ms", ConfigType.Long, "300000", "How often retention looks for data to drop.", ConfigRule.AtLeast(1)),
        Define("log.local.retention.ms", ConfigType.Long, "-2", BehindTopic),
        Define("log.local.retention.bytes", ConfigType.Long, "-2", BehindTopic),
        Define("log.cleanup.policy", ConfigType.List, "delete", BehindTopic),
        Define("log.index.size.max.bytes", ConfigType.Int, "10485760", BehindTopic),
        Define("log.index.interval.bytes", ConfigType.Int, "4096", BehindTopic),
        Define("log.flush.interval.messages", ConfigType.Long, "9223372036854775807", BehindTopic),
        Define("log.segment.delete.delay.ms", ConfigType.Long, "60000", BehindTopic),
        Shown("log.flush.scheduler.interval.ms", ConfigType.Long, "9223372036854775807"),
        Define("log.flush.interval.ms", ConfigType.Long, null, BehindTopic),
        Shown("log.flush.offset.checkpoint.interval.ms", ConfigType.Int, "60000"),
        Shown("log.flush.start.offset.checkpoint.interval.ms", ConfigType.Int, "60000"),
        Define("log.preallocate", ConfigType.Boolean, "false", BehindTopic),
        Shown("num.recovery.threads.per.data.dir", ConfigType.Int, "2"),
        Define("auto.create.topics.enable", ConfigType.Boolean, "true", "Whether a topic comes into being when a client first asks for it."),
        Define("min.insync.replicas", ConfigType.Int, "1", BehindTopic),
        Define("log.message.timestamp.type", ConfigType.String, "CreateTime", BehindTopic),
        Define("log.message.timestamp.before.max.ms", ConfigType.Long, "9223372036854775807", BehindTopic),
        Define("log.message.timestamp.after.max.ms", ConfigType.Long, "3600000", BehindTopic),
        Shown("log.dir.failure.timeout.ms", ConfigType.Long, "30000"),
        Shown("log.cleaner.threads", ConfigType.Int, "1"),
        Shown("log.cleaner.io.max.bytes.per.second", ConfigType.Double, "1.7976931348623157E308"),
        Shown("log.cleaner.dedupe.buffer.size", ConfigType.Long, "134217728"),
        Shown("log.cleaner.io.buffer.size", ConfigType.Int, "524288"),
        Shown("log.cleaner.io.buffer.load.factor", ConfigType.Double, "0.9"),
        Shown("log.cleaner.backoff.ms", ConfigType.Long, "15000"),
        Define("log.cleaner.min.cleanable.ratio", ConfigType.Double, "0.5", BehindTopic),
        Shown("log.cleaner.enable", ConfigType.Boolean, "true"),
        Define("log.cleaner.delete.retention.ms", ConfigType.Long, "86400000", BehindTopic),
        Define("log.cleaner.min.compaction.lag.ms", ConfigType.Long, "0", BehindTopic),
        Define("log.cleaner.max.compaction.lag.ms", ConfigType.Long, "9223372036854775807", BehindTopic),
        Shown("group.coordinator.rebalance.protocols", ConfigType.List, "classic,consumer,streams"),
        Shown("group.coordinator.threads", ConfigType.Int, "4"),
        Shown("group.coordinator.background.threads", ConfigType.Int, "2"),
        Shown("group.coordinator.append.linger.ms", ConfigType.Int, "-1"),
        Define("offsets.commit.timeout.ms", ConfigType.Int, "5000", "How long a commit may wait to become durable.", ConfigRule.Between(1, int.MaxValue)),
        Shown("offsets.load.buffer.size", ConfigType.Int, "5242880"),
        Shown("offsets.topic.replication.factor", ConfigType.Short, "3"),
        Shown("offsets.topic.num.partitions", ConfigType.Int, "50"),
        Shown("offsets.topic.segment.bytes", ConfigType.Int, "104857600"),
        Shown("group.coordinator.cached.buffer.max.bytes", ConfigType.Int, "1048588"),
        Define("offset.metadata.max.bytes", ConfigType.Int, "4096", "The longest text beside a committed offset.", ConfigRule.AtLeast(0)),
        Define("offsets.retention.minutes", ConfigType.Int, "10080", "How long offsets are kept that nobody uses.", ConfigRule.AtLeast(1)),
        Define("offsets.retention.check.interval.ms", ConfigType.Long, "600000", "How often unused offsets are looked for.", ConfigRule.AtLeast(1)),
        Define("group.min.session.timeout.ms", ConfigType.Int, "6000", "The shortest session that a group member may ask for.", ConfigRule.AtLeast(1)),
        Define("group.max.session.timeout.ms", ConfigType.Int, "1800000", "The longest session that a group member may ask for.", ConfigRule.AtLeast(1)),
        Define("group.initial.rebalance.delay.ms", ConfigType.Int, "3000", "How long an empty group waits for more members.", ConfigRule.AtLeast(0)),
        Define("group.max.size", ConfigType.Int, "2147483647", "Members of one group.", ConfigRule.AtLeast(1)),
        Shown("transaction.state.log.min.isr", ConfigType.Int, "2"),
        Shown("transaction.state.log.load.buffer.size", ConfigType.Int, "5242880"),
        Shown("transaction.state.log.replication.factor", ConfigType.Short, "3"),
        Shown("transaction.state.log.num.partitions", ConfigType.Int, "50"),
        Shown("transaction.state.log.segment.bytes", ConfigType.Int, "104857600"),
        Shown("transaction.partition.verification.enable", ConfigType.Boolean, "true"),
        Define("producer.id.expiration.ms", ConfigType.Int, "86400000", "How long a partition remembers an idle producer.", ConfigRule.AtLeast(1)),
        Shown("transactional.id.expiration.ms", ConfigType.Int, "604800000"),
        Shown("transaction.max.timeout.ms", ConfigType.Int, "900000"),
        Shown("transaction.abort.timed.out.transaction.cleanup.interval.ms", ConfigType.Int, "10000"),
        Shown("quota.window.num", ConfigType.Int, "11"),
        Shown("quota.window.size.seconds", ConfigType.Int, "1"),
        Define(TopicConfigs.LatencyClass, ConfigType.String, "balanced", "Default of the topic config that it stands behind, and the class of the broker's own journals."),
        .. ForeignConfigs.All,
    ];

    private static readonly FrozenDictionary<string, ConfigDefinition> ByName = All.ToFrozenDictionary(definition => definition.Name, StringComparer.Ordinal);

    /// <summary>The config of this name, or null.</summary>
    public static ConfigDefinition? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether setting it changes what this broker does.</summary>
    public static bool HasEffect(ConfigDefinition definition) => definition.Documentation.Length > 0;

    /// <summary>Whether it would protect a broker that had what it speaks of: passwords, certificates, access rights, classes of one's own that refuse.</summary>
    public static bool Protects(ConfigDefinition definition) => ForeignConfigs.Protecting.Contains(definition);

    private static ConfigDefinition Define(string name, ConfigType type, string? value, string documentation, ConfigRule? rule = null) =>
        new() { Name = name, Type = type, Default = value, Documentation = documentation, Rule = rule ?? ConfigRule.Any };

    private static ConfigDefinition Shown(string name, ConfigType type, string? value) => Define(name, type, value, "");
}
