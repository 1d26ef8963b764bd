namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Which records a reader sees.</summary>
public enum IsolationLevel : sbyte
{
    /// <summary>Every durable record.</summary>
    ReadUncommitted = 0,

    /// <summary>Only records outside transactions and of committed ones; nothing at or above the last stable offset.</summary>
    ReadCommitted = 1,
}
