using System.Collections.Immutable;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Topics;

namespace OrleansStream.Grains.Tests.Topics;

public sealed class TopicRulesTests
{
    private static readonly Topic Standing = CatalogTests.NewTopic(1, "t") with
    {
        Configs = ImmutableSortedDictionary<string, string>.Empty.Add("cleanup.policy", "delete").Add("retention.ms", "1000"),
    };

    public static TheoryData<ConfigOperation, string, string?, string> Refusals => new()
    {
        { ConfigOperation.Set, "no.such.config", "1", "Unknown topic config name: no.such.config" },
        { ConfigOperation.Set, "leader.replication.throttled.replicas", "abc", "leader.replication.throttled.replicas" },
        { ConfigOperation.Set, "leader.replication.throttled.replicas", "*,1:2", "leader.replication.throttled.replicas" },
        { ConfigOperation.Set, "follower.replication.throttled.replicas", "1:a", "follower.replication.throttled.replicas" },
        { ConfigOperation.Set, "retention.ms", null, "Null value not supported for retention.ms." },
        { ConfigOperation.Set, "retention.ms", "soon", "Invalid value soon for configuration retention.ms" },
        { ConfigOperation.Set, "retention.ms", "-2", "retention.ms" },
        { ConfigOperation.Set, "cleanup.policy", "shred", "cleanup.policy" },
        { ConfigOperation.Append, "retention.ms", "1", "append is not allowed for config key: retention.ms" },
        { ConfigOperation.Subtract, "retention.ms", "1", "subtract is not allowed for config key: retention.ms" },
        { ConfigOperation.Append, "cleanup.policy", null, "Null value not supported for cleanup.policy." },
        { ConfigOperation.Append, "cleanup.policy", "shred", "cleanup.policy" },
        { ConfigOperation.Set, "cleanup.policy", "delete,", "Configuration 'cleanup.policy' values must not be empty." },
        { ConfigOperation.Set, "cleanup.policy", ",delete", "Configuration 'cleanup.policy' values must not be empty." },
        { ConfigOperation.Set, "cleanup.policy", "delete,,compact", "Configuration 'cleanup.policy' values must not be empty." },
        { ConfigOperation.Set, "cleanup.policy", ",", "Configuration 'cleanup.policy' values must not be empty." },
        { ConfigOperation.Set, "leader.replication.throttled.replicas", "*,*", "leader.replication.throttled.replicas" },
        { ConfigOperation.Append, "cleanup.policy", "", "Configuration 'cleanup.policy' values must not be empty." },
        { ConfigOperation.Append, "cleanup.policy", ",compact", "Configuration 'cleanup.policy' values must not be empty." },
        { (ConfigOperation)9, "retention.ms", "1", "Unknown config operation 9 for retention.ms." },
    };

    [Theory, MemberData(nameof(Refusals))]
    public void What_cannot_be_is_refused_with_a_sentence_and_nothing_is_changed(ConfigOperation operation, string name, string? value, string sentence)
    {
        // A good change beside it does not stand either: all or none.
        var (configs, wrong) = Apply(new ConfigChange("segment.ms", ConfigOperation.Set, "5"), new ConfigChange(name, operation, value));

        Assert.Null(configs);
        Assert.Contains(sentence, wrong, StringComparison.Ordinal);
    }

    [Fact]
    public void Set_adds_and_replaces()
    {
        var (configs, _) = Apply(new ConfigChange("retention.ms", ConfigOperation.Set, "-1"), new ConfigChange("segment.ms", ConfigOperation.Set, "5"));

        Assert.Equal("cleanup.policy=delete retention.ms=-1 segment.ms=5", Text(configs));
    }

    [Theory]
    [InlineData("retention.ms", " 5 ", "5")]
    [InlineData("preallocate", " true ", "true")]
    [InlineData("leader.replication.throttled.replicas", "*", "*")]
    [InlineData("leader.replication.throttled.replicas", "1:2 , 3:4", "1:2 , 3:4")]
    [InlineData("cleanup.policy", " ", "")]
    public void Spaces_around_a_value_do_not_belong_to_it(string name, string value, string expected)
    {
        var (configs, wrong) = Apply(new ConfigChange(name, ConfigOperation.Set, value));

        Assert.Null(wrong);
        Assert.Equal(expected, configs![name]);
    }

    // As Kafka 4.3.1.
    [Theory]
    [InlineData("cleanup.policy", "delete,delete")]
    [InlineData("cleanup.policy", "compact,compact,delete")]
    [InlineData("leader.replication.throttled.replicas", "1:2,1:2")]
    [InlineData("leader.replication.throttled.replicas", "*,")]
    [InlineData("retention.bytes", "-2")]
    [InlineData("retention.bytes", "-9223372036854775808")]
    public void What_says_a_thing_twice_or_is_less_than_no_bound_is_taken(string name, string value)
    {
        var (configs, wrong) = Apply(new ConfigChange(name, ConfigOperation.Set, value));

        Assert.Null(wrong);
        Assert.Equal(value, configs![name]);
    }

    [Fact]
    public void To_delete_what_nobody_knows_is_no_mistake()
    {
        var (configs, _) = Apply(new ConfigChange("no.such.config", ConfigOperation.Delete, null), new ConfigChange("segment.ms", ConfigOperation.Set, "5"));

        Assert.Equal("cleanup.policy=delete retention.ms=1000 segment.ms=5", Text(configs));
    }

    [Fact]
    public void Delete_leaves_the_default_and_does_not_mind_that_nothing_was_set()
    {
        var (configs, _) = Apply(new ConfigChange("retention.ms", ConfigOperation.Delete, null), new ConfigChange("segment.ms", ConfigOperation.Delete, "ignored"));

        Assert.Equal("cleanup.policy=delete", Text(configs));
    }

    [Theory]
    [InlineData(ConfigOperation.Append, "compact", "delete,compact")]
    [InlineData(ConfigOperation.Append, "compact,", "delete,compact")]
    [InlineData(ConfigOperation.Append, ",", "delete")]
    [InlineData(ConfigOperation.Append, "compact,compact", "delete,compact")]
    [InlineData(ConfigOperation.Subtract, " delete", "delete")]
    [InlineData(ConfigOperation.Subtract, ",delete,", "")]
    [InlineData(ConfigOperation.Subtract, "", "delete")]
    [InlineData(ConfigOperation.Append, "delete", "delete")]
    [InlineData(ConfigOperation.Subtract, "delete", "")]
    [InlineData(ConfigOperation.Subtract, "compact", "delete")]
    public void Lists_grow_and_shrink_by_their_items(ConfigOperation operation, string items, string expected)
    {
        var (configs, wrong) = Apply(new ConfigChange("cleanup.policy", operation, items));

        Assert.Null(wrong);
        Assert.Equal(expected, configs!["cleanup.policy"]);
    }

    [Theory]
    [InlineData(ConfigOperation.Append, "compact", "delete,delete,compact")]
    [InlineData(ConfigOperation.Subtract, "delete", "delete")]
    [InlineData(ConfigOperation.Subtract, "delete,delete", "")]
    public void What_a_list_names_twice_has_to_be_taken_away_twice(ConfigOperation operation, string items, string expected)
    {
        var standing = Standing with { Configs = Standing.Configs.SetItem("cleanup.policy", "delete,delete") };

        var (configs, _) = TopicRules.Apply(standing, new ConfigureTopic([new ConfigChange("cleanup.policy", operation, items)], ReplaceAll: false, ValidateOnly: false));

        Assert.Equal(expected, configs!["cleanup.policy"]);
    }

    [Fact]
    public void A_list_that_was_not_set_grows_from_its_default()
    {
        var (configs, _) = TopicRules.Apply(CatalogTests.NewTopic(1, "t"), new ConfigureTopic([new ConfigChange("cleanup.policy", ConfigOperation.Append, "compact")], ReplaceAll: false, ValidateOnly: false));

        Assert.Equal("delete,compact", configs!["cleanup.policy"]);
    }

    [Fact]
    public void Replacing_everything_forgets_what_is_not_named()
    {
        var (configs, _) = TopicRules.Apply(Standing, new ConfigureTopic([new ConfigChange("segment.ms", ConfigOperation.Set, "5")], ReplaceAll: true, ValidateOnly: false));

        Assert.Equal("segment.ms=5", Text(configs));
    }

    [Fact]
    public void Configs_that_contradict_each_other_are_refused_though_each_is_legal()
    {
        var (configs, wrong) = Apply(new ConfigChange("min.compaction.lag.ms", ConfigOperation.Set, "10"), new ConfigChange("max.compaction.lag.ms", ConfigOperation.Set, "5"));

        Assert.Null(configs);
        Assert.Contains("min.compaction.lag.ms (10) > max.compaction.lag.ms (5)", wrong, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Configs_have_at_most_64_KiB_in_all(int beyond, bool fits)
    {
        const string Name = "leader.replication.throttled.replicas";
        var value = "1:" + new string('2', TopicRules.MaxConfigBytes - Name.Length - 2 + beyond);

        Assert.Equal(fits, TopicRules.Check(new Dictionary<string, string> { [Name] = value }) is null);
    }

    private static (ImmutableSortedDictionary<string, string>? Configs, string? Wrong) Apply(params ConfigChange[] changes) =>
        TopicRules.Apply(Standing, new ConfigureTopic([.. changes], ReplaceAll: false, ValidateOnly: false));

    private static string Text(ImmutableSortedDictionary<string, string>? configs) => string.Join(' ', configs!.Select(pair => $"{pair.Key}={pair.Value}"));
}
