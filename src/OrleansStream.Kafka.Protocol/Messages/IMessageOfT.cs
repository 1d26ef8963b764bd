using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>A message that can be read where its type is known.</summary>
public interface IMessage<TSelf> : IMessage
    where TSelf : IMessage<TSelf>
{
    /// <summary>Reads one from where the reader stands. Its memory properties are slices of the reader's frame, which must live as long as they are used.</summary>
    /// <exception cref="MalformedFrameException">The bytes are no such message.</exception>
    static abstract TSelf Read(ref ProtocolReader reader, short version);
}
