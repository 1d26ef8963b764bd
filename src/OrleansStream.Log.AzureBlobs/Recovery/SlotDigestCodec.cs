using System.Buffers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Recovery;

/// <summary>Digests as bytes; docs/formats/blob-container.md has the table.</summary>
internal static class SlotDigestCodec
{
    private const byte FormatVersion = 1;

    public static void Write(SlotDigest digest, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Int32(digest.Session.Broker.Value);
        writer.Guid(digest.Session.Unique);
        writer.Int64(digest.First.Value);
        writer.Int64(digest.End.Value);
        writer.Int32((int)digest.FirstPrevious);
        writer.Int32((int)digest.LastChecksum);
        SessionFramesCodec.Write(writer, digest.Partitions);
    }

    /// <exception cref="FormatException">The bytes are no digest, or one of a newer format.</exception>
    public static SlotDigest Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Digest format {version}; this version reads {FormatVersion}.");
        var broker = new BrokerId(reader.Int32());
        var session = new SessionId(broker, reader.Guid());
        var first = new Slot(reader.Int64());
        var end = new Slot(reader.Int64());
        var previous = (uint)reader.Int32();
        var last = (uint)reader.Int32();
        var partitions = SessionFramesCodec.Read(ref reader, session);
        return reader.Remaining == 0 ? new SlotDigest(session, first, end, previous, last, partitions) : throw new FormatException($"{reader.Remaining} bytes follow the digest of session {session}.");
    }

    /// <summary>Whether they say the same: their bytes are.</summary>
    public static bool AreEqual(SlotDigest left, SlotDigest right)
    {
        var (ours, theirs) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        Write(left, ours);
        Write(right, theirs);
        return ours.WrittenSpan.SequenceEqual(theirs.WrittenSpan);
    }
}
