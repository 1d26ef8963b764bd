using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for settings of topics, brokers or groups.</summary>
[Request(ApiKey.DescribeConfigs, MinVersion = 1, MaxVersion = 4, FlexibleFrom = 4)]
public sealed partial class DescribeConfigsRequest
{
    /// <summary>The resources.</summary>
    public List<Resource> Resources { get; set; } = [];

    /// <summary>Whether to tell where else a value could come from.</summary>
    public bool IncludeSynonyms { get; set; }

    /// <summary>Whether to explain each setting.</summary>
    [Since(3)]
    public bool IncludeDocumentation { get; set; }

    /// <summary>What has the settings: a topic, a broker or a group.</summary>
    public sealed partial class Resource
    {
        /// <summary>What kind of resource it is.</summary>
        public ConfigResourceType ResourceType { get; set; }

        /// <summary>Its name; a broker's is its id.</summary>
        public string ResourceName { get; set; } = "";

        /// <summary>The settings to show; null for all.</summary>
        public List<string>? ConfigNames { get; set; }
    }
}

/// <summary>The settings, and where each value comes from.</summary>
[Response(typeof(DescribeConfigsRequest))]
public sealed partial class DescribeConfigsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The resources.</summary>
    public List<Resource> Resources { get; set; } = [];

    /// <summary>What has the settings: a topic, a broker or a group.</summary>
    public sealed partial class Resource
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        public string? ErrorMessage { get; set; }

        /// <summary>What kind of resource it is.</summary>
        public ConfigResourceType ResourceType { get; set; }

        /// <summary>Its name; a broker's is its id.</summary>
        public string ResourceName { get; set; } = "";

        /// <summary>The settings.</summary>
        public List<Config> Configs { get; set; } = [];
    }

    /// <summary>One setting.</summary>
    public sealed partial class Config
    {
        /// <summary>The setting's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }

        /// <summary>Whether it cannot be changed while the broker runs.</summary>
        public bool ReadOnly { get; set; }

        /// <summary>Where the value comes from.</summary>
        public ConfigSource Source { get; set; } = ConfigSource.NotGiven;

        /// <summary>Whether it is a secret, whose value is never shown.</summary>
        public bool IsSensitive { get; set; }

        /// <summary>The places that the value may come from, the winning one first.</summary>
        public List<Synonym> Synonyms { get; set; } = [];

        /// <summary>What kind of value it is.</summary>
        [Since(3), Ignorable]
        public ConfigValueType ValueType { get; set; }

        /// <summary>What the setting does; null unless it was asked for.</summary>
        [Since(3), Ignorable]
        public string? Documentation { get; set; }
    }

    /// <summary>One of the places that a value may come from.</summary>
    public sealed partial class Synonym
    {
        /// <summary>The name under which it is set there.</summary>
        public string Name { get; set; } = "";

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }

        /// <summary>Where the value comes from.</summary>
        public ConfigSource Source { get; set; }
    }
}
