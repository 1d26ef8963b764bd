using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>What stands in front of every request.</summary>
/// <param name="Api">The API that is asked.</param>
/// <param name="Version">The version that the client speaks, which the answer must speak too.</param>
/// <param name="CorrelationId">Chosen by the client; the answer repeats it.</param>
/// <param name="ClientId">The client's name for itself, for logs and quotas; not unique, not proven. Null if it gave none.</param>
public readonly record struct RequestHeader(ApiKey Api, short Version, int CorrelationId, string? ClientId)
{
    /// <summary>
    /// Whether the version is one that can be read and answered. False only for ApiVersions: any other unknown version is refused while reading.
    /// The body is then left unread, and the answer is version 0 with UNSUPPORTED_VERSION and the range of ApiVersions alone.
    /// </summary>
    public bool IsSupported => ApiTable.Get(Api).Implements(Version);

    /// <summary>Reads a header of either version; which one it is follows from key and version.</summary>
    /// <exception cref="MalformedFrameException">The header is cut, or names an API or a version that the broker lacks: all of them close the connection, as in Kafka.</exception>
    public static RequestHeader Read(ref ProtocolReader reader)
    {
        var key = reader.ReadInt16();
        var version = reader.ReadInt16();
        reader.Version = version;
        var api = ApiTable.Find(key) ?? throw new MalformedFrameException(null, version, reader.Position, $"API {key} is unknown");
        reader.Api = api.Key;
        if (!api.Implements(version) && api.Key != ApiKey.ApiVersions)
            throw new MalformedFrameException(api.Key, version, reader.Position, $"versions {api.MinVersion} to {api.MaxVersion} are supported");

        // The client id keeps its two-byte length in header 2, so that a broker can read it without knowing the version.
        var correlationId = reader.ReadInt32();
        var clientId = reader.ReadNullableString(flexible: false);
        if (api.RequestHeaderVersion(version) >= 2) reader.SkipTags();
        return new(api.Key, version, correlationId, clientId);
    }

    /// <summary>Appends the header, for clients.</summary>
    public void Write(ProtocolWriter writer)
    {
        writer.WriteInt16((short)Api);
        writer.WriteInt16(Version);
        writer.WriteInt32(CorrelationId);
        writer.WriteNullableString(ClientId, flexible: false);
        if (ApiTable.Get(Api).RequestHeaderVersion(Version) >= 2) writer.WriteTagCount(0);
    }
}
