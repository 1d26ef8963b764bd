using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>A response, header and body. The frame does not say which API and version it is: whoever asked must remember.</summary>
/// <param name="CorrelationId">The number of the request that this answers.</param>
/// <param name="Body">The answer.</param>
public readonly record struct ResponseFrame(int CorrelationId, IResponse Body)
{
    /// <summary>Reads a whole frame without its size field, for clients.</summary>
    /// <param name="frame">Borrowed by the body, as in <see cref="RequestFrame.Read"/>.</param>
    /// <param name="api">The API that was asked.</param>
    /// <param name="version">The version that was asked.</param>
    /// <exception cref="MalformedFrameException">The bytes are no such response.</exception>
    public static ResponseFrame Read(ReadOnlyMemory<byte> frame, ApiKey api, short version)
    {
        var description = ApiTable.Get(api);
        var reader = new ProtocolReader(frame) { Api = api, Version = version };
        var correlationId = reader.ReadInt32();
        if (description.ResponseHeaderVersion(version) >= 1) reader.SkipTags();
        return new(correlationId, description.ReadResponse(ref reader, version));
    }

    /// <summary>
    /// Writes a whole frame with its size. The writer's pieces are then sent in order; record payloads in the body must live until that is done.
    /// An ApiVersions request of an unsupported version is answered in version 0, as its client can read nothing else.
    /// </summary>
    /// <param name="writer">Empty; holds the frame afterwards.</param>
    /// <param name="request">The header of the request that is answered.</param>
    /// <param name="body">The answer to it, of the same API.</param>
    /// <exception cref="UnwritableMessageException">The body holds what the version cannot carry. Nothing of the writer may be sent.</exception>
    public static void Write(ProtocolWriter writer, in RequestHeader request, IResponse body)
    {
        if (body.Api != request.Api) throw new ArgumentException($"{body.Api} does not answer {request.Api}.", nameof(body));
        var version = request.IsSupported ? request.Version : (short)0;
        var start = writer.BeginFrame();
        writer.WriteInt32(request.CorrelationId);
        if (ApiTable.Get(request.Api).ResponseHeaderVersion(version) >= 1) writer.WriteTagCount(0);
        body.Write(writer, version);
        writer.EndFrame(start);
    }
}
