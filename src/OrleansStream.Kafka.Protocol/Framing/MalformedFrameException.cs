using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>A frame is not what the protocol allows. The connection that sent it is closed: nothing that follows on it can be trusted.</summary>
public sealed class MalformedFrameException(ApiKey? api, short? version, int position, string reason)
    : Exception($"{api?.ToString() ?? "Frame"}{(version is null ? "" : $" v{version}")}, byte {position}: {reason}.")
{
    /// <summary>Which API the header named; null if the header itself could not be read or names an unknown one.</summary>
    public ApiKey? Api { get; } = api;

    /// <summary>Which version the header named; null if it was not read.</summary>
    public short? Version { get; } = version;

    /// <summary>Bytes of the frame, without its size field, that were read before the fault was seen.</summary>
    public int Position { get; } = position;
}
