namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>A request that can be read where its type is known.</summary>
public interface IRequest<TSelf> : IRequest, IMessage<TSelf>
    where TSelf : IRequest<TSelf>;
