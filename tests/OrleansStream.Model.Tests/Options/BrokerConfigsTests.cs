using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Model.Tests.Options;

public sealed class BrokerConfigsTests
{
    // As Kafka 4.3.1 answers DescribeConfigs: tools read numbers and lists by these.
    [Theory]
    [InlineData("request.timeout.ms", ConfigType.Int)]
    [InlineData("default.replication.factor", ConfigType.Int)]
    [InlineData("offsets.topic.replication.factor", ConfigType.Short)]
    [InlineData("leader.imbalance.check.interval.seconds", ConfigType.Long)]
    [InlineData("log.dir", ConfigType.List)]
    [InlineData("log.dirs", ConfigType.List)]
    [InlineData("listeners", ConfigType.List)]
    [InlineData("advertised.listeners", ConfigType.List)]
    [InlineData("log.flush.offset.checkpoint.interval.ms", ConfigType.Int)]
    [InlineData("group.coordinator.rebalance.protocols", ConfigType.List)]
    [InlineData("group.coordinator.append.linger.ms", ConfigType.Int)]
    [InlineData("offsets.commit.timeout.ms", ConfigType.Int)]
    [InlineData("offsets.retention.check.interval.ms", ConfigType.Long)]
    [InlineData("group.min.session.timeout.ms", ConfigType.Int)]
    [InlineData("group.max.session.timeout.ms", ConfigType.Int)]
    [InlineData("group.initial.rebalance.delay.ms", ConfigType.Int)]
    [InlineData("producer.id.expiration.ms", ConfigType.Int)]
    [InlineData("transactional.id.expiration.ms", ConfigType.Int)]
    [InlineData("transaction.max.timeout.ms", ConfigType.Int)]
    [InlineData("replica.fetch.wait.max.ms", ConfigType.Int)]
    [InlineData("controller.socket.timeout.ms", ConfigType.Int)]
    [InlineData("log.retention.ms", ConfigType.Long)]
    [InlineData("log.retention.hours", ConfigType.Int)]
    [InlineData("log.cleaner.io.max.bytes.per.second", ConfigType.Double)]
    [InlineData("ssl.keystore.password", ConfigType.Password)]
    [InlineData("principal.builder.class", ConfigType.Class)]
    public void A_config_has_the_type_that_it_has_in_Kafka(string name, ConfigType type) => Assert.Equal(type, BrokerConfigs.Find(name)!.Type);

    [Theory]
    [InlineData("super.users", null)]
    [InlineData("inter.broker.protocol.version", "4.3")]
    [InlineData("process.roles", null)]
    [InlineData("inter.broker.listener.name", null)]
    [InlineData("background.threads", "10")]
    [InlineData("log.local.retention.ms", "-2")]
    public void Names_that_tools_look_for_are_there(string name, string? value) => Assert.Equal(value, BrokerConfigs.Find(name)!.Default);

    [Fact]
    public void Every_broker_config_behind_a_topic_config_can_be_set()
    {
        var missing = TopicConfigs.All.SelectMany(topic => topic.Synonyms).Where(synonym => BrokerConfigs.Find(synonym.Name) is not { } found || !BrokerConfigs.HasEffect(found));

        Assert.Empty(missing);
    }

    // What Kafka 4.3.1 says at its start.
    [Theory]
    [InlineData("log.roll.hours", "0", "log.roll.hours")]
    [InlineData("log.roll.ms", "0", "log.roll.ms")]
    [InlineData("log.roll.jitter.hours", "-1", "log.roll.jitter.hours")]
    [InlineData("log.retention.ms", "0", "log.retention.ms")]
    [InlineData("log.retention.minutes", "0", "log.retention.minutes")]
    [InlineData("log.retention.hours", "0", "log.retention.hours")]
    [InlineData("log.cleanup.policy", "delete,", "log.cleanup.policy")]
    [InlineData("log.segment.bytes", "1048575", "log.segment.bytes")]
    [InlineData("log.index.size.max.bytes", "3", "log.index.size.max.bytes")]
    [InlineData("log.cleaner.min.cleanable.ratio", "1.1", "log.cleaner.min.cleanable.ratio")]
    public void A_value_that_no_topic_could_live_with_is_refused_by_the_config_that_was_set(string name, string value, string told) =>
        Assert.Contains(told, BrokerConfigValues.Check(name, value), StringComparison.Ordinal);

    // Kafka takes these. A batch stands in one block; and less than "for ever" is a slip rather than a wish.
    [Theory]
    [InlineData("message.max.bytes", "16777217", "16777216")]
    [InlineData("log.retention.ms", "-2", "log.retention.ms")]
    [InlineData("log.retention.hours", "-2", "log.retention.hours")]
    public void A_value_that_Kafka_takes_is_refused_where_it_could_not_be_meant(string name, string value, string told) =>
        Assert.Contains(told, BrokerConfigValues.Check(name, value), StringComparison.Ordinal);

    [Theory]
    [InlineData("log.roll.hours", "1")]
    [InlineData("log.roll.hours", "2147483647")]
    [InlineData("log.roll.jitter.hours", "0")]
    [InlineData("log.retention.ms", "1")]
    [InlineData("log.retention.ms", "-1")]
    [InlineData("log.retention.minutes", "1")]
    [InlineData("log.retention.hours", "-1")]
    [InlineData("log.retention.hours", "2147483647")]
    [InlineData("log.retention.bytes", "-2")]
    [InlineData("log.cleanup.policy", "delete,delete")]
    [InlineData("message.max.bytes", "16777216")]
    public void A_value_at_the_bound_is_taken(string name, string value) => Assert.Null(BrokerConfigValues.Check(name, value));

    [Theory]
    [InlineData("16777216", true)]
    [InlineData("16777217", false)]
    public void A_topic_asks_for_no_batch_larger_than_a_block(string value, bool isTaken)
    {
        var wrong = TopicConfigs.Check(new Dictionary<string, string> { ["max.message.bytes"] = value });

        Assert.Equal(isTaken, wrong is null);
        Assert.True(isTaken || wrong!.Contains("16777216", StringComparison.Ordinal), wrong);
    }
}
