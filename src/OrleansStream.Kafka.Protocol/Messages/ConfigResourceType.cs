namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What has settings. Numbers beside these are refused.</summary>
public enum ConfigResourceType : sbyte
{
    Unknown = 0,
    Topic = 2,
    Broker = 4,
    BrokerLogger = 8,
    ClientMetrics = 16,
    Group = 32,
}
