using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Anything that has a place of its own on the wire. One type stands for all versions; the codec leaves out what a version lacks.</summary>
public interface IMessage
{
    /// <summary>Appends the message to the frame that is being written.</summary>
    /// <exception cref="UnwritableMessageException">A property is set, or null, that the version cannot carry so. The writer's frame is then worthless.</exception>
    void Write(ProtocolWriter writer, short version);
}
