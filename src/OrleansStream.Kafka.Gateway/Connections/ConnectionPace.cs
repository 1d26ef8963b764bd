namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>
/// Keeps new connections to a rate (max.connection.creation.rate): one that comes early waits for its turn, as behind an acceptor that pauses. A second's
/// worth may come at once, so that a client with a connection to each of its needs is not held up by an otherwise quiet broker.
/// </summary>
internal sealed class ConnectionPace(GatewayOptions options, TimeProvider time)
{
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _next = -Burst;

    /// <summary>How long the connection that has just come is to wait; null if that is longer than anybody waits, and it is to be closed.</summary>
    public TimeSpan? Enter()
    {
        if (options.MaxConnectionsPerSecond == int.MaxValue)
        {
            return TimeSpan.Zero;
        }

        lock (_lock)
        {
            var now = time.GetElapsedTime(_start);
            var turn = _next > now - Burst ? _next : now - Burst;
            if (turn - now > options.MaxStall)
            {
                return null;
            }

            _next = turn + (TimeSpan.FromSeconds(1) / options.MaxConnectionsPerSecond);
            return turn > now ? turn - now : TimeSpan.Zero;
        }
    }
}
