namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Data that travels inside the bytes of another message, with its version in front: see <see cref="Framing.EmbeddedFrame"/>.</summary>
public interface IEmbeddedData<TSelf> : IMessage<TSelf>
    where TSelf : IEmbeddedData<TSelf>
{
    /// <summary>The highest version that can be read and written.</summary>
    static abstract short LatestVersion { get; }
}
