using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Economy;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Tests.Partitions;

public sealed class TopicSettingsTests
{
    [Fact]
    public void A_topic_without_configs_has_kafkas_defaults()
    {
        var settings = Of([], []);

        Assert.Equal(1_048_588, settings.MaxMessageBytes);
        Assert.Equal(TimeSpan.FromDays(7).TotalMilliseconds, settings.RetentionMs);
        Assert.Equal(-1, settings.RetentionBytes);
        Assert.True(settings is { Deletes: true, Compacted: false, LogAppendTime: false });
        Assert.Equal(long.MaxValue, settings.TimestampBeforeMaxMs);
        Assert.Equal(3_600_000, settings.TimestampAfterMaxMs);
    }

    [Fact]
    public void The_topics_own_value_wins_over_the_brokers_and_that_over_the_default()
    {
        Dictionary<string, string> broker = new() { ["log.retention.hours"] = "2", ["message.max.bytes"] = "500" };

        Assert.Equal(7_200_000, Of(broker, []).RetentionMs);
        Assert.Equal(5, Of(broker, new() { ["retention.ms"] = "5" }).RetentionMs);
        Assert.Equal(500, Of(broker, new() { ["retention.ms"] = "5" }).MaxMessageBytes);
    }

    [Fact]
    public void Of_the_brokers_retention_the_finest_unit_counts()
    {
        Dictionary<string, string> broker = new() { ["log.retention.hours"] = "2", ["log.retention.minutes"] = "3", ["log.retention.ms"] = "4" };
        Assert.Equal(4, Of(broker, []).RetentionMs);
        broker.Remove("log.retention.ms");
        Assert.Equal(180_000, Of(broker, []).RetentionMs);
    }

    // Without compaction nobody knows which record of a key is the newest, so none is dropped.
    [Theory]
    [InlineData("delete", true, false)]
    [InlineData("compact", false, true)]
    [InlineData("compact,delete", false, true)]
    [InlineData("", false, false)]
    public void The_policy_says_what_may_be_dropped(string policy, bool deletes, bool compacted)
    {
        var settings = Of([], new() { ["cleanup.policy"] = policy });

        Assert.Equal((deletes, compacted), (settings.Deletes, settings.Compacted));
    }

    [Theory]
    [InlineData(null, null, LatencyClass.Balanced)]
    [InlineData("economy", null, LatencyClass.Economy)]
    [InlineData("economy", "low", LatencyClass.Low)]
    [InlineData(null, "economy", LatencyClass.Economy)]
    [InlineData("low", "balanced", LatencyClass.Balanced)]
    public void A_topic_waits_as_its_own_latency_class_says_or_else_the_brokers(string? broker, string? topic, LatencyClass latencyClass) =>
        Assert.Equal(latencyClass, Of(Class(broker), Class(topic)).LatencyClass);

    // Otherwise an operator who saves on all topics would pay for each commit of offsets.
    [Theory]
    [InlineData(null, LatencyClass.Balanced)]
    [InlineData("economy", LatencyClass.Economy)]
    public void Journals_wait_as_the_brokers_latency_class_says_and_drop_nothing(string? broker, LatencyClass latencyClass)
    {
        var journals = new TopicSettings(new BrokerConfigValues(Class(broker))).OfJournals;

        Assert.Equal(latencyClass, journals.LatencyClass);
        Assert.True(journals is { Deletes: false, RetentionMs: -1, RetentionBytes: -1 });
    }

    private static Dictionary<string, string> Class(string? value) => value is null ? [] : new() { ["orleansstream.latency.class"] = value };

    private static Log.Serving.PartitionSettings Of(Dictionary<string, string> broker, Dictionary<string, string> topic) =>
        new TopicSettings(new BrokerConfigValues(broker)).Of(topic);
}
