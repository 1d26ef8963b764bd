namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What kind of value a setting takes.</summary>
public enum ConfigValueType : sbyte
{
    Unknown = 0,
    Boolean = 1,
    String = 2,
    Int32 = 3,
    Int16 = 4,
    Int64 = 5,
    Double = 6,
    List = 7,
    Class = 8,
    Password = 9,
}
