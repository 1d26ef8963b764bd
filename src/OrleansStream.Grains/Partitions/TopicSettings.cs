using System.Globalization;
using System.Runtime.CompilerServices;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Partitions;

/// <summary>A topic's configs, with the broker's defaults behind them, as the settings that its partitions' logs go by.</summary>
internal sealed class TopicSettings(BrokerConfigValues broker)
{
    private static readonly Dictionary<string, string> NoConfigs = [];

    // A topic has one map of configs and any number of partitions; most topics have the same empty one. Goes with the map.
    private readonly ConditionalWeakTable<IReadOnlyDictionary<string, string>, PartitionSettings> _known = [];

    public PartitionSettings Of(IReadOnlyDictionary<string, string> topic) => _known.GetValue(topic, Read);

    /// <summary>
    /// The settings of the broker's own journal partitions: nothing but a snapshot ever shortens them. They wait for company as topics do whose configs say
    /// nothing: an operator who saves on all topics would else pay for each commit of offsets.
    /// </summary>
    public PartitionSettings OfJournals { get; } = new() { IsJournal = true, Deletes = false, RetentionMs = -1, RetentionBytes = -1, LatencyClass = ClassOf(broker, NoConfigs) };

    private static LatencyClass ClassOf(BrokerConfigValues broker, IReadOnlyDictionary<string, string> topic) =>
        Enum.Parse<LatencyClass>(broker.TopicValue(TopicConfigs.Find(TopicConfigs.LatencyClass)!, topic), ignoreCase: true);

    private PartitionSettings Read(IReadOnlyDictionary<string, string> topic)
    {
        string Text(string name) => broker.TopicValue(TopicConfigs.Find(name)!, topic);
        long Long(string name) => long.Parse(Text(name), CultureInfo.InvariantCulture);
        int Int(string name) => int.Parse(Text(name), CultureInfo.InvariantCulture);

        var policies = ConfigText.ToList(Text("cleanup.policy"));
        return new PartitionSettings
        {
            MaxMessageBytes = Int("max.message.bytes"),
            LogAppendTime = Text("message.timestamp.type") == "LogAppendTime",
            TimestampBeforeMaxMs = Long("message.timestamp.before.max.ms"),
            TimestampAfterMaxMs = Long("message.timestamp.after.max.ms"),
            Compacted = policies.Contains("compact"),

            // A compacted topic keeps its newest record of each key for ever, and there is no compaction yet that would know which that is:
            // so nothing is dropped from it, not even by a retention that delete would allow.
            Deletes = policies.Contains("delete") && !policies.Contains("compact"),
            RetentionMs = Long("retention.ms"),
            RetentionBytes = Long("retention.bytes"),
            SegmentBytes = Int("segment.bytes"),
            SegmentMs = Long("segment.ms"),
            FileDeleteDelayMs = Long("file.delete.delay.ms"),
            LatencyClass = ClassOf(broker, topic),
            ProducerExpirationMs = broker.Long("producer.id.expiration.ms"),
        };
    }
}
