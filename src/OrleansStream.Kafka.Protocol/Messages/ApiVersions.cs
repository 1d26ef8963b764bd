using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks which APIs the broker speaks. The first request on a connection; answered before authentication.</summary>
[Request(ApiKey.ApiVersions, MinVersion = 0, MaxVersion = 4, FlexibleFrom = 3)]
public sealed partial class ApiVersionsRequest
{
    /// <summary>Which client library this is.</summary>
    [Since(3), Ignorable]
    public string ClientSoftwareName { get; set; } = "";

    /// <summary>The library's version.</summary>
    [Since(3), Ignorable]
    public string ClientSoftwareVersion { get; set; } = "";
}

/// <summary>The APIs that the broker speaks. Its header never has tagged fields, as the reader does not know yet whether they are understood.</summary>
[Response(typeof(ApiVersionsRequest))]
public sealed partial class ApiVersionsResponse
{
    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The APIs.</summary>
    public List<ApiVersion> Apis { get; set; } = [];

    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>Features that the broker knows.</summary>
    [Since(3), Tag(0), Ignorable]
    public List<SupportedFeature> SupportedFeatures { get; set; } = [];

    /// <summary>Rises when the finalized features change; -1 if unknown.</summary>
    [Since(3), Tag(1), Ignorable]
    public long FinalizedFeaturesEpoch { get; set; } = -1;

    /// <summary>Features that the cluster has agreed on; they hold only with the epoch.</summary>
    [Since(3), Tag(2), Ignorable]
    public List<FinalizedFeature> FinalizedFeatures { get; set; } = [];

    /// <summary>Whether a KRaft controller could take over from ZooKeeper: never true here.</summary>
    [Since(3), Tag(3), Ignorable]
    public bool ZkMigrationReady { get; set; }

    /// <summary>The range of versions of one API.</summary>
    public sealed partial class ApiVersion
    {
        /// <summary>Which API.</summary>
        public ApiKey Api { get; set; }

        /// <summary>Its lowest version.</summary>
        public short MinVersion { get; set; }

        /// <summary>Its highest version.</summary>
        public short MaxVersion { get; set; }
    }

    /// <summary>A feature and the levels that the broker knows.</summary>
    public sealed partial class SupportedFeature
    {
        /// <summary>The feature's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>Its lowest version.</summary>
        public short MinVersion { get; set; }

        /// <summary>Its highest version.</summary>
        public short MaxVersion { get; set; }
    }

    /// <summary>A feature and the levels that the cluster has agreed on.</summary>
    public sealed partial class FinalizedFeature
    {
        /// <summary>The feature's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>The highest level agreed on.</summary>
        public short MaxVersionLevel { get; set; }

        /// <summary>The lowest level agreed on.</summary>
        public short MinVersionLevel { get; set; }
    }
}
