namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>What a connection does with a frame.</summary>
internal interface IRequestDispatcher
{
    /// <summary>
    /// Takes over the frame and begins its request. Completes when the next request of the connection may begin: for a Produce when its batches have their
    /// places, for any other request when its answer has left.
    /// </summary>
    /// <exception cref="ProtocolViolationException">The connection is to be closed.</exception>
    ValueTask DispatchAsync(KafkaConnection connection, Frame frame);
}
