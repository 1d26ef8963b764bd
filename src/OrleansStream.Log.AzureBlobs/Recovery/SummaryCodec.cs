using System.Buffers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>Summaries as bytes; docs/formats/blob-container.md has the table.</summary>
internal static class SummaryCodec
{
    private const byte FormatVersion = 2;

    public static void Write(SessionSummary summary, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Int32(summary.Fenced.Session.Broker.Value);
        writer.Guid(summary.Fenced.Session.Unique);
        writer.Int64(summary.Fenced.TrimPoint.Value);
        writer.Int64(summary.Fenced.End.Value);
        SessionFramesCodec.Write(writer, summary.Partitions);
    }

    /// <exception cref="FormatException">The bytes are no summary, or one of another format.</exception>
    public static SessionSummary Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Summary format {version}; this version reads {FormatVersion}.");
        var broker = new BrokerId(reader.Int32());
        var session = new SessionId(broker, reader.Guid());
        var trimPoint = new Slot(reader.Int64());
        var fenced = new FencedSession(session, trimPoint, new Slot(reader.Int64()));
        var partitions = SessionFramesCodec.Read(ref reader, session);
        return reader.Remaining == 0 ? new SessionSummary(fenced, partitions) : throw new FormatException($"{reader.Remaining} bytes follow the summary of session {session}.");
    }
}
