using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>The body of a request.</summary>
public interface IRequest : IMessage
{
    ApiKey Api { get; }
}
