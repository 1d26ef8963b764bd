using OrleansStream.Kafka.Gateway.Connections;

namespace OrleansStream.Kafka.Gateway.Hosting;

/// <summary>Ends the gateway's connections gracefully, for a broker that stops: call it before the lane is closed.</summary>
public sealed class GatewayDrain
{
    private readonly ConnectionTable _connections;

    internal GatewayDrain(ConnectionTable connections) => _connections = connections;

    /// <summary>Open connections.</summary>
    public int Connections => _connections.Count;

    /// <summary>Lets in no further connection, answers what is under way, closes. Whatever is not done when the token is cancelled is cut off.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => _connections.DrainAsync(cancellationToken);
}
