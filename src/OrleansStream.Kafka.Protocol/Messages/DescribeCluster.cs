using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for the cluster's id, its controller and its brokers.</summary>
[Request(ApiKey.DescribeCluster, MinVersion = 0, MaxVersion = 2, FlexibleFrom = 0)]
public sealed partial class DescribeClusterRequest
{
    /// <summary>Whether to tell what the client may do with the cluster.</summary>
    public bool IncludeClusterAuthorizedOperations { get; set; }

    /// <summary>Which kind of nodes is meant.</summary>
    [Since(1)]
    public EndpointType EndpointType { get; set; } = EndpointType.Brokers;

    /// <summary>Whether to list brokers that are registered but may not serve.</summary>
    [Since(2)]
    public bool IncludeFencedBrokers { get; set; }
}

/// <summary>The cluster as this broker sees it.</summary>
[Response(typeof(DescribeClusterRequest))]
public sealed partial class DescribeClusterResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
    public string? ErrorMessage { get; set; }

    /// <summary>Which kind of nodes is meant.</summary>
    [Since(1)]
    public EndpointType EndpointType { get; set; } = EndpointType.Brokers;

    /// <summary>The cluster's id.</summary>
    public string ClusterId { get; set; } = "";

    /// <summary>The broker that takes administrative requests; -1 if there is none.</summary>
    public int ControllerId { get; set; } = -1;

    /// <summary>The brokers.</summary>
    public List<Broker> Brokers { get; set; } = [];

    /// <summary>What the client may do with the cluster, a bit for each operation; <see cref="int.MinValue"/> where it was not asked for.</summary>
    public int ClusterAuthorizedOperations { get; set; } = int.MinValue;

    /// <summary>One broker.</summary>
    public sealed partial class Broker
    {
        /// <summary>The broker's id.</summary>
        public int BrokerId { get; set; }

        /// <summary>Its host name or address.</summary>
        public string Host { get; set; } = "";

        /// <summary>Its port.</summary>
        public int Port { get; set; }

        /// <summary>Its rack; null if it has none.</summary>
        public string? Rack { get; set; }

        /// <summary>Whether it is registered but may not serve.</summary>
        [Since(2)]
        public bool IsFenced { get; set; }
    }
}
