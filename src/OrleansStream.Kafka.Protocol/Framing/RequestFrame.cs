using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>A request, header and body. Frames are meant without their size field on the way in and with it on the way out.</summary>
/// <param name="Header">Who asks what, in which version.</param>
/// <param name="Body">The request; null if the header's version is not supported, which only an ApiVersions request survives.</param>
public readonly record struct RequestFrame(RequestHeader Header, IRequest? Body)
{
    /// <summary>Reads a whole frame. Bytes behind the body are ignored, as Kafka does.</summary>
    /// <param name="frame">Borrowed by the body: its memory properties are slices of it, so it must live until the request is answered.</param>
    /// <exception cref="MalformedFrameException">Close the connection; the exception says what was wrong and where.</exception>
    public static RequestFrame Read(ReadOnlyMemory<byte> frame)
    {
        var reader = new ProtocolReader(frame);
        var header = RequestHeader.Read(ref reader);
        return new(header, header.IsSupported ? ApiTable.Get(header.Api).ReadRequest(ref reader, header.Version) : null);
    }

    /// <summary>Writes a whole frame with its size, for clients.</summary>
    /// <param name="writer">Empty; holds the frame afterwards.</param>
    /// <param name="header">Its API is that of the body, its version one that is implemented.</param>
    /// <param name="body">The request.</param>
    /// <exception cref="UnwritableMessageException">The body holds what the version cannot carry.</exception>
    public static void Write(ProtocolWriter writer, in RequestHeader header, IRequest body)
    {
        var start = writer.BeginFrame();
        header.Write(writer);
        body.Write(writer, header.Version);
        writer.EndFrame(start);
    }
}
