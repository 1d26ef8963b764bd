using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Apis;

/// <summary>What the broker implements of one API: one row of <see cref="ApiTable"/>.</summary>
public sealed class ApiDescription
{
    private readonly ReadsRequest _requestReader;
    private readonly ReadsResponse _responseReader;

    internal ApiDescription(ReadsRequest requestReader, ReadsResponse responseReader) =>
        (_requestReader, _responseReader) = (requestReader, responseReader);

    internal delegate IRequest ReadsRequest(ref ProtocolReader reader, short version);

    internal delegate IResponse ReadsResponse(ref ProtocolReader reader, short version);

    public required ApiKey Key { get; init; }

    /// <summary>The protocol's own name for it.</summary>
    public string Name => Key.ToString();

    /// <summary>Lowest version that is read and answered.</summary>
    public required short MinVersion { get; init; }

    /// <summary>Highest version that is read and answered, and advertised.</summary>
    public required short MaxVersion { get; init; }

    /// <summary>Lowest version that ApiVersions shows. Below <see cref="MinVersion"/> only for Produce: old clients test for version 0 before they compress.</summary>
    public required short AdvertisedMin { get; init; }

    /// <summary>First version with compact lengths and tagged fields; null if there is none.</summary>
    public required short? FlexibleFrom { get; init; }

    public bool Implements(short version) => version >= MinVersion && version <= MaxVersion;

    public bool IsFlexible(short version) => version >= FlexibleFrom;

    /// <summary>2 in front of flexible requests, else 1. An ApiVersions request of a version that nobody knows yet has header 2 too.</summary>
    public short RequestHeaderVersion(short version) => (short)(IsFlexible(version) ? 2 : 1);

    /// <summary>1 in front of flexible responses, else 0; always 0 for ApiVersions, whose reader does not know yet what the broker speaks.</summary>
    public short ResponseHeaderVersion(short version) => (short)(Key != ApiKey.ApiVersions && IsFlexible(version) ? 1 : 0);

    /// <summary>Reads a request body. Its memory properties are slices of the reader's frame, which must live as long as they are used.</summary>
    /// <exception cref="Framing.MalformedFrameException">The bytes are no such request. Close the connection: nothing behind them can be trusted.</exception>
    public IRequest ReadRequest(ref ProtocolReader reader, short version) => _requestReader(ref reader, Checked(version));

    /// <summary>Reads a response body, under the same terms as <see cref="ReadRequest"/>.</summary>
    /// <exception cref="Framing.MalformedFrameException">The bytes are no such response.</exception>
    public IResponse ReadResponse(ref ProtocolReader reader, short version) => _responseReader(ref reader, Checked(version));

    private short Checked(short version) => Implements(version)
        ? version
        : throw new ArgumentOutOfRangeException(nameof(version), version, $"{Name} is implemented in versions {MinVersion} to {MaxVersion}.");
}
