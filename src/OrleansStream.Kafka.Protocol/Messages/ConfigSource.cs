namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Where the value of a setting comes from.</summary>
public enum ConfigSource : sbyte
{
    /// <summary>The version cannot say.</summary>
    NotGiven = -1,
    Unknown = 0,
    DynamicTopic = 1,
    DynamicBroker = 2,

    /// <summary>Set for all brokers at once.</summary>
    DynamicDefaultBroker = 3,

    /// <summary>From the file or command line that a broker was started with.</summary>
    StaticBroker = 4,

    /// <summary>Nobody set it.</summary>
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}
