using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>Data inside the bytes of another message: a two-byte version, then the data. Members of a group exchange it; a broker only looks into it.</summary>
public static class EmbeddedFrame
{
    /// <summary>Reads data of any version. Of a version beyond ours the part that we know is read, as later versions only append.</summary>
    /// <param name="bytes">Borrowed by the result: its memory properties are slices of it.</param>
    /// <exception cref="MalformedFrameException">The bytes are no such data. They come from a client's own strategy, so this is no reason to close its connection.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> bytes)
        where T : IEmbeddedData<T>
    {
        var reader = new ProtocolReader(bytes);
        var version = reader.ReadInt16();
        if (version < 0) throw new MalformedFrameException(null, version, reader.Position, "there is no such version");
        return T.Read(ref reader, Math.Min(version, T.LatestVersion));
    }

    /// <summary>Writes data with its version into a new array.</summary>
    /// <exception cref="UnwritableMessageException">The data holds what the version cannot carry.</exception>
    public static byte[] Write<T>(T data, short version)
        where T : IEmbeddedData<T>
    {
        ArgumentOutOfRangeException.ThrowIfNegative(version);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(version, T.LatestVersion);
        using var writer = new ProtocolWriter();
        writer.WriteInt16(version);
        data.Write(writer, version);
        return writer.ToArray();
    }
}
