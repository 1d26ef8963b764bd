using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>The body of a response.</summary>
public interface IResponse : IMessage
{
    ApiKey Api { get; }
}
