namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>What a coordinator is looked up by.</summary>
public enum CoordinatorKeyType : sbyte
{
    Group = 0,
    Transaction = 1,
    Share = 2,
}
