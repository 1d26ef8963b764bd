using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Gateway.Dispatch;

/// <summary>One request that is being answered, for its handler. Disposing gives back what it still holds: the frame, and leases of the answer.</summary>
internal sealed class RequestContext(KafkaConnection connection, RequestHeader header, Frame frame, GatewayMetrics metrics) : IDisposable
{
    private List<IDisposable>? _owned;

    public RequestHeader Header { get; } = header;

    public short Version => Header.Version;

    /// <summary>Null ids are empty, as in Kafka.</summary>
    public string ClientId => Header.ClientId ?? "";

    public string PeerAddress => connection.PeerAddress;

    public string Listener => connection.Listener;

    /// <summary>Cancelled when the answer cannot leave any more.</summary>
    public CancellationToken Gone => connection.Gone;

    /// <summary>Cancelled when the broker wants the connection to end, or it is gone.</summary>
    public CancellationToken Stopping => connection.Stopping;

    /// <summary>Cancelled when a parked request is to answer with what it has: at the end of either, or when its client has sent its last request.</summary>
    public CancellationToken Ending => connection.Ending;

    /// <summary>Gives frame and intake back early; views into the request are dead from then on.</summary>
    public void ReleaseFrame() => frame.Release();

    /// <summary>Keeps it until the answer has been sent, or never can be.</summary>
    public void Own(IDisposable leases) => (_owned ??= []).Add(leases);

    /// <summary>Counts an error that the answer carries, and returns it.</summary>
    public ErrorCode Count(ErrorCode error)
    {
        if (error != ErrorCode.None)
        {
            metrics.Failed(Header.Api, error);
        }

        return error;
    }

    public void Dispose()
    {
        frame.Release();
        if (_owned is null)
        {
            return;
        }

        foreach (var leases in _owned)
        {
            leases.Dispose();
        }
    }
}
