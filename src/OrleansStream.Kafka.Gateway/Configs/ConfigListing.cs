using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Kafka.Gateway.Configs;

/// <summary>Configs of topics and of this broker as clients see them: value in force, where it comes from, what stands behind it.</summary>
internal sealed class ConfigListing(BrokerConfigValues broker)
{
    /// <summary>The topic's configs that are asked for, all of them if none is named.</summary>
    public List<DescribeConfigsResponse.Config> Of(Topic topic, DescribeConfigsRequest.Resource asked, DescribeConfigsRequest request)
    {
        var configs = new List<DescribeConfigsResponse.Config>();
        foreach (var definition in TopicConfigs.All)
        {
            if (!IsAsked(asked, definition.Name))
            {
                continue;
            }

            var config = Entry(definition, definition.Show(broker.TopicValue(definition, topic.Configs)), SourceOf(definition, topic), request);
            config.ReadOnly = false;
            if (request.IncludeSynonyms)
            {
                AddSynonyms(config, definition, topic);
            }

            configs.Add(config);
        }

        return configs;
    }

    /// <summary>This broker's configs that are asked for. They are set at its start, so all are read-only.</summary>
    public List<DescribeConfigsResponse.Config> OfBroker(DescribeConfigsRequest.Resource asked, DescribeConfigsRequest request)
    {
        var configs = new List<DescribeConfigsResponse.Config>();
        foreach (var definition in BrokerConfigs.All)
        {
            if (!IsAsked(asked, definition.Name))
            {
                continue;
            }

            var isSet = broker.IsSet(definition.Name);
            var config = Entry(definition, broker[definition.Name], isSet ? ConfigSource.StaticBroker : ConfigSource.Default, request);
            config.ReadOnly = true;
            if (request.IncludeSynonyms)
            {
                AddBrokerSynonyms(config, definition);
            }

            configs.Add(config);
        }

        return configs;
    }

    /// <summary>The topic's configs as CreateTopics tells them.</summary>
    public List<CreateTopicsResponse.Config> OfNew(Topic topic)
    {
        var configs = new List<CreateTopicsResponse.Config>(TopicConfigs.All.Count);
        foreach (var definition in TopicConfigs.All)
        {
            configs.Add(new() { Name = definition.Name, Value = broker.TopicValue(definition, topic.Configs), Source = SourceOf(definition, topic) });
        }

        return configs;
    }

    private static bool IsAsked(DescribeConfigsRequest.Resource asked, string name) =>
        asked.ConfigNames is not { Count: > 0 } names || names.Contains(name);

    private static DescribeConfigsResponse.Config Entry(ConfigDefinition definition, string? value, ConfigSource source, DescribeConfigsRequest request)
    {
        var isSensitive = definition.Type == ConfigType.Password;
        return new()
        {
            Name = definition.Name,
            Value = isSensitive ? null : value,
            Source = source,
            IsSensitive = isSensitive,
            ValueType = (ConfigValueType)(sbyte)definition.Type,
            Documentation = request.IncludeDocumentation ? definition.Documentation : null,
        };
    }

    private ConfigSource SourceOf(ConfigDefinition definition, Topic topic)
    {
        if (topic.Configs.ContainsKey(definition.Name))
        {
            return ConfigSource.DynamicTopic;
        }

        foreach (var synonym in definition.Synonyms)
        {
            if (broker.IsSet(synonym.Name))
            {
                return ConfigSource.StaticBroker;
            }
        }

        return ConfigSource.Default;
    }

    private void AddSynonyms(DescribeConfigsResponse.Config config, ConfigDefinition definition, Topic topic)
    {
        if (topic.Configs.ContainsKey(definition.Name))
        {
            config.Synonyms.Add(new() { Name = definition.Name, Value = config.Value, Source = ConfigSource.DynamicTopic });
        }

        foreach (var synonym in definition.Synonyms)
        {
            if (broker.IsSet(synonym.Name))
            {
                config.Synonyms.Add(new() { Name = synonym.Name, Value = broker[synonym.Name], Source = ConfigSource.StaticBroker });
            }
        }

        foreach (var synonym in definition.Synonyms)
        {
            if (BrokerConfigs.Find(synonym.Name)?.Default is { } value)
            {
                config.Synonyms.Add(new() { Name = synonym.Name, Value = value, Source = ConfigSource.Default });
            }
        }
    }

    private void AddBrokerSynonyms(DescribeConfigsResponse.Config config, ConfigDefinition definition)
    {
        if (broker.IsSet(definition.Name))
        {
            config.Synonyms.Add(new() { Name = definition.Name, Value = config.Value, Source = ConfigSource.StaticBroker });
        }

        if (definition.Default is { } value)
        {
            config.Synonyms.Add(new() { Name = definition.Name, Value = config.IsSensitive ? null : value, Source = ConfigSource.Default });
        }
    }
}
