namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>A response that can be read where its type is known.</summary>
public interface IResponse<TSelf> : IResponse, IMessage<TSelf>
    where TSelf : IResponse<TSelf>;
