using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Changes single settings of a resource and leaves the others as they are.</summary>
[Request(ApiKey.IncrementalAlterConfigs, MinVersion = 0, MaxVersion = 1, FlexibleFrom = 1)]
public sealed partial class IncrementalAlterConfigsRequest
{
    /// <summary>The resources.</summary>
    public List<Resource> Resources { get; set; } = [];

    /// <summary>Whether to check and answer only, and change nothing.</summary>
    public bool ValidateOnly { get; set; }

    /// <summary>What has the settings: a topic, a broker or a group.</summary>
    public sealed partial class Resource
    {
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

        /// <summary>What to do with the value.</summary>
        public AlterConfigOperation Operation { get; set; }

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }
    }
}

/// <summary>Whether each resource was changed.</summary>
[Response(typeof(IncrementalAlterConfigsRequest))]
public sealed partial class IncrementalAlterConfigsResponse
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
    }
}
