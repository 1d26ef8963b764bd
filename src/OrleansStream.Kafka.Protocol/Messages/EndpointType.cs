namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Which kind of nodes a cluster is described by.</summary>
public enum EndpointType : sbyte
{
    Brokers = 1,
    Controllers = 2,
}
