using System.Buffers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>Session records as bytes; docs/formats/metadata-journal.md has the table.</summary>
public static class SessionRecordCodec
{
    private const byte FormatVersion = 1;
    private const long UnknownEnd = -1;

    public static void Write(SessionRecord record, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Byte((byte)record.State);
        writer.Int32(record.Session.Broker.Value);
        writer.Guid(record.Session.Unique);
        writer.Int64(record.TrimPoint.Value);
        writer.Int64(record.End?.Value ?? UnknownEnd);
    }

    /// <exception cref="FormatException">The bytes are no session record, or one of a newer format.</exception>
    public static SessionRecord Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Session record format {version}; this version reads {FormatVersion}.");
        var state = (SessionState)reader.Byte();
        if (state is < SessionState.Open or > SessionState.Closed) throw new FormatException($"Session state {(byte)state} is unknown.");
        var broker = new BrokerId(reader.Int32());
        var session = new SessionId(broker, reader.Guid());
        var trimPoint = new Slot(reader.Int64());
        var end = reader.Int64();
        return reader.Remaining == 0
            ? new SessionRecord(session, state, trimPoint, end == UnknownEnd ? null : new Slot(end))
            : throw new FormatException($"{reader.Remaining} bytes follow the record of session {session}.");
    }
}
