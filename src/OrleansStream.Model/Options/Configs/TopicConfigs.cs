using System.Collections.Frozen;

namespace OrleansStream.Model.Options.Configs;

/// <summary>Every config that a topic may have, with Kafka's names and defaults, and one of our own. Names that are not here are refused, as Kafka does.</summary>
public static class TopicConfigs
{
    /// <summary>How long appends to the topic may wait for company, so that storage is written to less often: <c>low</c>, <c>balanced</c> or <c>economy</c>.</summary>
    public const string LatencyClass = "orleansstream.latency.class";

    private const string NoEffect = "Accepted and shown for tools that copy topics; storage here has no such thing.";
    private const long MinutesInMs = 60_000;
    private const long HoursInMs = 3_600_000;

    /// <summary>In the order in which they are shown.</summary>
    public static IReadOnlyList<ConfigDefinition> All { get; } =
    [
        Define("cleanup.policy", ConfigType.List, "delete", "What happens to old data: delete drops it by time and size, compact is accepted and drops nothing yet, empty keeps everything.", ConfigRule.ItemsOf("compact", "delete")).From("log.cleanup.policy"),
        Define("retention.ms", ConfigType.Long, "604800000", "How long records are kept; -1 is for ever.", ConfigRule.AtLeast(-1)).From("log.retention.ms").From("log.retention.minutes", MinutesInMs).From("log.retention.hours", HoursInMs),
        Define("retention.bytes", ConfigType.Long, "-1", "How many bytes of each partition are kept; -1, or any other number below 0, is no bound.").From("log.retention.bytes"),
        Define("segment.bytes", ConfigType.Int, "1073741824", "The most that retention drops or spares at a time; also the largest batch.", ConfigRule.AtLeast(1_048_576)).From("log.segment.bytes"),
        Define("segment.ms", ConfigType.Long, "604800000", "How long the newest part of a log is spared by retention at the most.", ConfigRule.AtLeast(1)).From("log.roll.ms").From("log.roll.hours", HoursInMs),
        Define("segment.jitter.ms", ConfigType.Long, "0", NoEffect, ConfigRule.AtLeast(0)).From("log.roll.jitter.ms").From("log.roll.jitter.hours", HoursInMs),
        Define("segment.index.bytes", ConfigType.Int, "10485760", NoEffect, ConfigRule.AtLeast(4)).From("log.index.size.max.bytes"),
        Define("index.interval.bytes", ConfigType.Int, "4096", NoEffect, ConfigRule.AtLeast(0)).From("log.index.interval.bytes"),
        Define("max.message.bytes", ConfigType.Int, "1048588", "The largest batch, as sent and with its header; never above 16 MiB, the largest block.", ConfigRule.Between(0, Limits.MaxBlockBytes)).From("message.max.bytes"),
        Define("min.insync.replicas", ConfigType.Int, "1", "Accepted and shown; an acknowledged record is always durable.", ConfigRule.AtLeast(1)).From("min.insync.replicas"),
        Define("compression.type", ConfigType.String, "producer", "Accepted and shown; batches are always kept as they were sent.", ConfigRule.OneOf("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")).From("compression.type"),
        Define("compression.gzip.level", ConfigType.Int, "-1", NoEffect, ConfigRule.DefaultOrBetween(1, 9)).From("compression.gzip.level"),
        Define("compression.lz4.level", ConfigType.Int, "9", NoEffect, ConfigRule.Between(1, 17)).From("compression.lz4.level"),
        Define("compression.zstd.level", ConfigType.Int, "3", NoEffect, ConfigRule.Between(-131_072, 22)).From("compression.zstd.level"),
        Define("message.timestamp.type", ConfigType.String, "CreateTime", "Whose clock stamps the records: the producer's or, with LogAppendTime, the broker's.", ConfigRule.OneOf("CreateTime", "LogAppendTime")).From("log.message.timestamp.type"),
        Define("message.timestamp.before.max.ms", ConfigType.Long, "9223372036854775807", "How far a record's timestamp may lie in the past.", ConfigRule.AtLeast(0)).From("log.message.timestamp.before.max.ms"),
        Define("message.timestamp.after.max.ms", ConfigType.Long, "3600000", "How far a record's timestamp may lie in the future.", ConfigRule.AtLeast(0)).From("log.message.timestamp.after.max.ms"),
        Define("delete.retention.ms", ConfigType.Long, "86400000", "Kept for compaction, which is not there yet.", ConfigRule.AtLeast(0)).From("log.cleaner.delete.retention.ms"),
        Define("min.compaction.lag.ms", ConfigType.Long, "0", "Kept for compaction, which is not there yet.", ConfigRule.AtLeast(0)).From("log.cleaner.min.compaction.lag.ms"),
        Define("max.compaction.lag.ms", ConfigType.Long, "9223372036854775807", "Kept for compaction, which is not there yet.", ConfigRule.AtLeast(1)).From("log.cleaner.max.compaction.lag.ms"),
        Define("min.cleanable.dirty.ratio", ConfigType.Double, "0.5", "Kept for compaction, which is not there yet.", ConfigRule.RealBetween(0, 1)).From("log.cleaner.min.cleanable.ratio"),
        Define("file.delete.delay.ms", ConfigType.Long, "60000", "How long dropped data is kept for readers that are still at it.", ConfigRule.AtLeast(0)).From("log.segment.delete.delay.ms"),
        Define("flush.messages", ConfigType.Long, "9223372036854775807", "Accepted and shown; every acknowledged record is synced.", ConfigRule.AtLeast(1)).From("log.flush.interval.messages"),
        Define("flush.ms", ConfigType.Long, "9223372036854775807", "Accepted and shown; every acknowledged record is synced.", ConfigRule.AtLeast(0)).From("log.flush.interval.ms"),
        Define("preallocate", ConfigType.Boolean, "false", NoEffect).From("log.preallocate"),
        Define("unclean.leader.election.enable", ConfigType.Boolean, "false", NoEffect).From("unclean.leader.election.enable"),
        Define("leader.replication.throttled.replicas", ConfigType.List, "", NoEffect, ConfigRule.Replicas),
        Define("follower.replication.throttled.replicas", ConfigType.List, "", NoEffect, ConfigRule.Replicas),
        Define("remote.storage.enable", ConfigType.Boolean, "false", NoEffect),
        Define("local.retention.ms", ConfigType.Long, "-2", NoEffect, ConfigRule.AtLeast(-2)).From("log.local.retention.ms"),
        Define("local.retention.bytes", ConfigType.Long, "-2", NoEffect, ConfigRule.AtLeast(-2)).From("log.local.retention.bytes"),
        Define("remote.log.copy.disable", ConfigType.Boolean, "false", NoEffect),
        Define("remote.log.delete.on.disable", ConfigType.Boolean, "false", NoEffect),
        Define(LatencyClass, ConfigType.String, "balanced", "How long records may wait to be stored together with others, where each write costs money: low (least), balanced or economy (longest).", ConfigRule.OneOf("low", "balanced", "economy")).From(LatencyClass),
    ];

    private static readonly FrozenDictionary<string, ConfigDefinition> ByName = All.ToFrozenDictionary(definition => definition.Name, StringComparer.Ordinal);

    /// <summary>The config of this name, or null.</summary>
    public static ConfigDefinition? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Says what is wrong with a topic's whole set of configs, or null.</summary>
    public static string? Check(IReadOnlyDictionary<string, string> configs)
    {
        foreach (var (name, value) in configs)
        {
            var definition = Find(name);
            if (definition is null)
            {
                return $"Unknown topic config name: {name}";
            }

            if (definition.Check(value) is { } wrong)
            {
                return wrong;
            }
        }

        return CheckTogether(configs);
    }

    private static string? CheckTogether(IReadOnlyDictionary<string, string> configs)
    {
        long Number(string name) => ConfigText.ToLong(configs.GetValueOrDefault(name) ?? ByName[name].Default!);
        bool Set(string name) => configs.ContainsKey(name);

        if ((Set("max.compaction.lag.ms") || Set("min.compaction.lag.ms")) && Number("max.compaction.lag.ms") < Number("min.compaction.lag.ms"))
        {
            return $"conflict topic config setting min.compaction.lag.ms ({Number("min.compaction.lag.ms")}) > max.compaction.lag.ms ({Number("max.compaction.lag.ms")})";
        }

        var remote = configs.TryGetValue("remote.storage.enable", out var enabled) && ConfigText.ToBoolean(enabled);
        if (!remote)
        {
            return null;
        }

        if (ConfigText.ToList(configs.GetValueOrDefault("cleanup.policy") ?? "delete").Contains("compact"))
        {
            return "Remote log storage is not supported for the compacted topics.";
        }

        return Beyond("local.retention.ms", "retention.ms") ?? Beyond("local.retention.bytes", "retention.bytes");

        // A local -2 follows the whole log's bound; where that is below 0 there is none, which no bound can be beyond.
        string? Beyond(string local, string whole) =>
            Number(whole) < 0 || Number(local) == -2 || (Number(local) != -1 && Number(local) <= Number(whole))
                ? null
                : $"Value must not be more than {whole} property value: {Number(whole)} for {local}";
    }

    private static ConfigDefinition Define(string name, ConfigType type, string value, string documentation, ConfigRule? rule = null) =>
        new() { Name = name, Type = type, Default = value, Documentation = documentation, Rule = rule ?? ConfigRule.Any };
}
