using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Replaces all dynamic settings of a resource: what is not named goes back to its default.</summary>
[Request(ApiKey.AlterConfigs, MinVersion = 0, MaxVersion = 2, FlexibleFrom = 2)]
public sealed partial class AlterConfigsRequest
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

        /// <summary>The value; null for none, or for one that is not shown.</summary>
        public string? Value { get; set; }
    }
}

/// <summary>Whether each resource was changed.</summary>
[Response(typeof(AlterConfigsRequest))]
public sealed partial class AlterConfigsResponse
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
