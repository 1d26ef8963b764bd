using System.Collections.Immutable;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>The one topic config that Kafka does not have, as clients set and see it.</summary>
public sealed class LatencyClassTests
{
    private const string Name = "orleansstream.latency.class";

    [Theory]
    [InlineData("low", ErrorCode.None)]
    [InlineData("balanced", ErrorCode.None)]
    [InlineData("economy", ErrorCode.None)]
    [InlineData("Low", ErrorCode.InvalidConfig)]
    [InlineData("fast", ErrorCode.InvalidConfig)]
    [InlineData("", ErrorCode.InvalidConfig)]
    public async Task A_topic_is_created_with_one_of_three_classes(string value, ErrorCode expected)
    {
        await using var harness = new GatewayHarness();
        var request = new CreateTopicsRequest
        {
            TimeoutMs = 1000,
            Topics = [new() { Name = "a", NumPartitions = 1, ReplicationFactor = 1, Configs = [new() { Name = Name, Value = value }] }],
        };

        var answer = (await harness.Connect().AskAsync<CreateTopicsResponse>(request, 7)).Topics.Single();

        Assert.Equal(expected, answer.ErrorCode);
        Assert.Equal(expected == ErrorCode.None ? value : null, harness.Catalog.Current.Find("a")?.Configs[Name]);
        if (expected == ErrorCode.None) Assert.Equal((value, ConfigSource.DynamicTopic), answer.Configs!.Where(config => config.Name == Name).Select(config => (config.Value, config.Source)).Single());
    }

    [Theory]
    [InlineData(null, null, "balanced", ConfigSource.Default)]
    [InlineData("economy", null, "economy", ConfigSource.StaticBroker)]
    [InlineData("economy", "low", "low", ConfigSource.DynamicTopic)]
    public async Task DescribeConfigs_tells_the_class_and_where_it_comes_from(string? broker, string? topic, string value, ConfigSource source)
    {
        await using var harness = new GatewayHarness(brokerConfigs: broker is null ? [] : new() { [Name] = broker });
        harness.Grains.Topics.Add("a", configs: topic is null ? null : ImmutableSortedDictionary.CreateRange([new KeyValuePair<string, string>(Name, topic)]));
        var request = new DescribeConfigsRequest
        {
            IncludeSynonyms = true,
            IncludeDocumentation = true,
            Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a" }],
        };

        var answer = (await harness.Connect().AskAsync<DescribeConfigsResponse>(request, 4)).Resources.Single();

        var config = answer.Configs.Single(config => config.Name == Name);
        Assert.Equal((value, source, ConfigValueType.String, false), (config.Value, config.Source, config.ValueType, config.ReadOnly));
        Assert.Contains("economy", config.Documentation, StringComparison.Ordinal);
        string?[] behind = [topic, broker, "balanced"];
        Assert.Equal(behind.OfType<string>(), config.Synonyms.Select(synonym => synonym.Value));
    }

    [Fact]
    public async Task The_brokers_own_configs_show_the_class_that_topics_get()
    {
        await using var harness = new GatewayHarness(brokerConfigs: new() { [Name] = "economy" });
        var request = new DescribeConfigsRequest { Resources = [new() { ResourceType = ConfigResourceType.Broker, ResourceName = "3", ConfigNames = [Name] }] };

        var config = (await harness.Connect().AskAsync<DescribeConfigsResponse>(request, 4)).Resources.Single().Configs.Single();

        Assert.Equal(("economy", ConfigSource.StaticBroker, true), (config.Value, config.Source, config.ReadOnly));
    }

    [Fact]
    public async Task A_class_is_set_and_taken_away_while_the_topic_is_in_use()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("a");
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("a", "x"), 9);

        await AlterAsync(AlterConfigOperation.Set, "economy");
        Assert.Equal("economy", harness.Catalog.Current.Find("a")!.Configs[Name]);
        await AlterAsync(AlterConfigOperation.Delete, null);

        Assert.Empty(harness.Catalog.Current.Find("a")!.Configs);

        async Task AlterAsync(AlterConfigOperation operation, string? value)
        {
            var request = new IncrementalAlterConfigsRequest
            {
                Resources = [new() { ResourceType = ConfigResourceType.Topic, ResourceName = "a", Configs = [new() { Name = Name, Operation = operation, Value = value }] }],
            };
            Assert.Equal(ErrorCode.None, (await client.AskAsync<IncrementalAlterConfigsResponse>(request, 1)).Resources.Single().ErrorCode);
        }
    }
}
