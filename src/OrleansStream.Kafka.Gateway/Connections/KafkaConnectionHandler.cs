using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using OrleansStream.Kafka.Protocol.Framing;

namespace OrleansStream.Kafka.Gateway.Connections;

/// <summary>Where Kestrel hands over an accepted connection. Whatever goes wrong on it ends it, and it alone.</summary>
internal sealed partial class KafkaConnectionHandler(
    ConnectionTable connections, ConnectionPace pace, IntakeBudget intake, IRequestDispatcher dispatcher, GatewaySurroundings surroundings) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var kafka = new KafkaConnection(connection, intake, surroundings.Options, surroundings.Time);
        if (!connections.TryAdd(kafka))
        {
            LogRefused(surroundings.Log, kafka.PeerAddress);
            return;
        }

        try
        {
            if (pace.Enter() is not { } delay)
            {
                surroundings.Metrics.ConnectionRefused();
                LogRefused(surroundings.Log, kafka.PeerAddress);
                return;
            }

            var lifetime = connection.Features.Get<IConnectionLifetimeNotificationFeature>();
            await using var registration = lifetime?.ConnectionClosedRequested.UnsafeRegister(static state => ((KafkaConnection)state!).End(), kafka) ?? default;
            if (delay > TimeSpan.Zero)
            {
                // It counts as a connection meanwhile, and what its client sends stays in the transport.
                surroundings.Metrics.ConnectionDelayed();
                await Task.Delay(delay, surroundings.Time, kafka.Stopping);
            }

            await kafka.RunAsync(dispatcher);
        }
        catch (Exception failure) when (failure is ProtocolViolationException or MalformedFrameException)
        {
            surroundings.Metrics.Malformed();
            LogViolation(surroundings.Log, kafka.PeerAddress, failure.Message);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ConnectionAbortedException or System.Net.Sockets.SocketException or ObjectDisposedException)
        {
            LogGone(surroundings.Log, kafka.PeerAddress, failure.Message);
        }
        catch (Exception failure)
        {
            // A defect of ours: the client sees a closed connection and tries again, the others see nothing.
            LogDefect(surroundings.Log, failure, kafka.PeerAddress);
        }
        finally
        {
            connections.Remove(kafka);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection from {Peer} refused: a bound of connections is reached, or the broker stops")]
    private static partial void LogRefused(ILogger log, string peer);

    [LoggerMessage(Level = LogLevel.Information, Message = "Connection from {Peer} closed: {Reason}")]
    private static partial void LogViolation(ILogger log, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Connection from {Peer} is gone: {Reason}")]
    private static partial void LogGone(ILogger log, string peer, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Connection from {Peer} closed by an unexpected failure")]
    private static partial void LogDefect(ILogger log, Exception failure, string peer);
}

/// <summary>What everything in the gateway needs of its surroundings.</summary>
internal sealed record GatewaySurroundings(GatewayOptions Options, TimeProvider Time, GatewayMetrics Metrics, ILogger Log);
