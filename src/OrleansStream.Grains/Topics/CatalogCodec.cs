using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Log;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Topics;

/// <summary>Catalog changes as bytes: docs/formats/catalog-journal.md. The block around them has the checksum.</summary>
internal static class CatalogCodec
{
    private const byte Version = 1;

    public static byte[] Encode(CatalogChange change)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Version);
        switch (change)
        {
            case TopicPut put:
                writer.Write((byte)Kind.TopicPut);
                Write(writer, put.Topic);
                break;
            case TopicDeletionBegun begun:
                writer.Write((byte)Kind.TopicDeletionBegun);
                writer.Write(begun.Id.Value.ToByteArray(bigEndian: true));
                break;
            case TopicRemoved removed:
                writer.Write((byte)Kind.TopicRemoved);
                writer.Write(removed.Id.Value.ToByteArray(bigEndian: true));
                break;
            case ProducerIdsAllocated allocated:
                writer.Write((byte)Kind.ProducerIdsAllocated);
                writer.Write(allocated.Next);
                break;
        }

        writer.Flush();
        return stream.ToArray();
    }

    /// <exception cref="InvalidDataException">The bytes are no change that this version knows: written by a newer one, or damaged before they were checksummed.</exception>
    public static CatalogChange Decode(ReadOnlySpan<byte> bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes.ToArray()), Encoding.UTF8);
        try
        {
            var version = reader.ReadByte();
            if (version != Version)
            {
                throw new InvalidDataException($"A catalog change has format {version}; this version reads {Version}.");
            }

            return (Kind)reader.ReadByte() switch
            {
                Kind.TopicPut => new TopicPut(ReadTopic(reader)),
                Kind.TopicDeletionBegun => new TopicDeletionBegun(ReadId(reader)),
                Kind.TopicRemoved => new TopicRemoved(ReadId(reader)),
                Kind.ProducerIdsAllocated => new ProducerIdsAllocated(reader.ReadInt64()),
                var kind => throw new InvalidDataException($"A catalog change is of kind {(byte)kind}, which this version does not know."),
            };
        }
        catch (EndOfStreamException exception)
        {
            throw new InvalidDataException("A catalog change ends too early.", exception);
        }
    }

    /// <summary>As <see cref="Decode"/>, for a loader of journals.</summary>
    /// <exception cref="LogException">The bytes are no change that this version knows.</exception>
    public static CatalogChange Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Decode(bytes);
        }
        catch (InvalidDataException exception)
        {
            throw new LogException(exception.Message, exception);
        }
    }

    /// <summary>The content of a snapshot: changes, each behind its length.</summary>
    public static ArrayBufferWriter<byte> EncodeSnapshot(IEnumerable<CatalogChange> changes)
    {
        var content = new ArrayBufferWriter<byte>();
        foreach (var change in changes)
        {
            var bytes = Encode(change);
            BinaryPrimitives.WriteInt32LittleEndian(content.GetSpan(sizeof(int)), bytes.Length);
            content.Advance(sizeof(int));
            content.Write(bytes);
        }

        return content;
    }

    /// <exception cref="LogException">The bytes are no snapshot that this version knows.</exception>
    public static List<CatalogChange> DecodeSnapshot(ReadOnlySpan<byte> snapshot)
    {
        var changes = new List<CatalogChange>();
        while (!snapshot.IsEmpty)
        {
            var length = snapshot.Length < sizeof(int) ? -1 : BinaryPrimitives.ReadInt32LittleEndian(snapshot);
            if (length < 0 || length > snapshot.Length - sizeof(int))
            {
                throw new LogException($"A snapshot of the catalog has a change of {length} bytes where {snapshot.Length} are left.");
            }

            changes.Add(Read(snapshot.Slice(sizeof(int), length)));
            snapshot = snapshot[(sizeof(int) + length)..];
        }

        return changes;
    }

    private static void Write(BinaryWriter writer, Topic topic)
    {
        writer.Write(topic.Id.Value.ToByteArray(bigEndian: true));
        writer.Write(topic.Name);
        writer.Write(topic.PartitionCount);
        writer.Write(topic.ReplicationFactor);
        writer.Write((ushort)topic.Configs.Count);
        foreach (var (name, value) in topic.Configs)
        {
            writer.Write(name);
            writer.Write(value);
        }
    }

    private static Topic ReadTopic(BinaryReader reader)
    {
        var id = ReadId(reader);
        var name = reader.ReadString();
        var partitions = reader.ReadInt32();
        var replicas = reader.ReadInt16();
        var count = reader.ReadUInt16();
        var configs = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < count; i++)
        {
            configs[reader.ReadString()] = reader.ReadString();
        }

        return new Topic { Id = id, Name = name, PartitionCount = partitions, ReplicationFactor = replicas, Configs = configs.ToImmutable() };
    }

    private static TopicId ReadId(BinaryReader reader)
    {
        Span<byte> bytes = stackalloc byte[16];
        reader.BaseStream.ReadExactly(bytes);
        return new TopicId(new Guid(bytes, bigEndian: true));
    }

    private enum Kind : byte
    {
        TopicPut = 1,
        TopicDeletionBegun = 2,
        TopicRemoved = 3,
        ProducerIdsAllocated = 4,
    }
}
