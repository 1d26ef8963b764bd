using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Manifests;

/// <summary>Manifests as bytes; docs/formats/manifest.md has the table. The surrounding block or object carries the checksum.</summary>
public static class ManifestCodec
{
    private const byte FormatVersion = 1;
    private const byte WalKind = 1;
    private const byte SegmentKind = 2;

    // 3 is reserved for extents in objects that we did not write.
    private const byte DeletedFlag = 1;
    private const byte SnapshotFlag = 2;

    private const int MinExtentBytes = 1 + (4 * 8);
    private const int EpochBytes = 4 + 8;
    private const int MinNameBytes = 2;

    public static void Write(Manifest manifest, IBufferWriter<byte> output)
    {
        var writer = new RecordWriter(output);
        writer.Byte(FormatVersion);
        writer.Byte((byte)((manifest.Deleted ? DeletedFlag : 0) | (manifest.Snapshot is null ? 0 : SnapshotFlag)));
        WritePartition(writer, manifest.Partition);
        writer.Int32(manifest.ClusterGeneration);
        writer.Int32(manifest.Epoch.Value);
        WriteSession(writer, manifest.Owner);
        writer.Int64(manifest.LogStart.Value);
        writer.Guid(manifest.Nonce);
        writer.Int32(manifest.Extents.Length);
        foreach (var extent in manifest.Extents) WriteExtent(writer, extent);
        writer.Int32(manifest.Epochs.Length);
        foreach (var epoch in manifest.Epochs)
        {
            writer.Int32(epoch.Epoch.Value);
            writer.Int64(epoch.StartOffset.Value);
        }

        writer.Int32(manifest.PendingDelete.Length);
        foreach (var name in manifest.PendingDelete) writer.Text(name);
        if (manifest.Snapshot is not { } snapshot) return;
        writer.Int64(snapshot.CoversTo.Value);
        writer.Text(snapshot.Name);
    }

    /// <summary>Only the epoch of a manifest, without reading the rest; null for a tombstone.</summary>
    /// <exception cref="FormatException">The bytes are no manifest, or one of a newer format.</exception>
    public static LeaderEpoch? ReadEpoch(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Manifest format {version}; this version reads {FormatVersion}.");
        var flags = reader.Byte();
        ReadPartition(ref reader);
        reader.Int32();
        var epoch = new LeaderEpoch(reader.Int32());
        return (flags & DeletedFlag) != 0 ? null : epoch;
    }

    /// <exception cref="FormatException">The bytes are no manifest, or one of a newer format.</exception>
    public static Manifest Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        var version = reader.Byte();
        if (version != FormatVersion) throw new FormatException($"Manifest format {version}; this version reads {FormatVersion}.");
        var flags = reader.Byte();
        var manifest = new Manifest
        {
            Deleted = (flags & DeletedFlag) != 0,
            Partition = ReadPartition(ref reader),
            ClusterGeneration = reader.Int32(),
            Epoch = new LeaderEpoch(reader.Int32()),
            Owner = ReadSession(ref reader),
            LogStart = new Offset(reader.Int64()),
            Nonce = reader.Guid(),
            Extents = ReadExtents(ref reader),
            Epochs = ReadEpochs(ref reader),
            PendingDelete = ReadNames(ref reader),
        };
        if ((flags & SnapshotFlag) != 0)
        {
            var coversTo = new Offset(reader.Int64());
            manifest = manifest with { Snapshot = new SnapshotReference(reader.Text(), coversTo) };
        }

        return reader.Remaining == 0 ? manifest : throw new FormatException($"{reader.Remaining} bytes follow the manifest of {manifest.Partition}.");
    }

    /// <summary>The partition that a manifest is about, without reading the rest.</summary>
    public static PartitionId ReadPartition(ReadOnlySpan<byte> bytes)
    {
        var reader = new RecordReader(bytes);
        reader.Byte();
        reader.Byte();
        return ReadPartition(ref reader);
    }

    private static void WritePartition(RecordWriter writer, PartitionId partition)
    {
        writer.Guid(partition.Topic.Value);
        writer.Int32(partition.Index);
    }

    private static PartitionId ReadPartition(ref RecordReader reader)
    {
        var topic = new TopicId(reader.Guid());
        return new PartitionId(topic, reader.Int32());
    }

    private static void WriteSession(RecordWriter writer, SessionId session)
    {
        writer.Int32(session.Broker.Value);
        writer.Guid(session.Unique);
    }

    private static SessionId ReadSession(ref RecordReader reader)
    {
        var broker = new BrokerId(reader.Int32());
        return new SessionId(broker, reader.Guid());
    }

    private static void WriteExtent(RecordWriter writer, Extent extent)
    {
        writer.Byte(extent is WalExtent ? WalKind : SegmentKind);
        writer.Int64(extent.BaseOffset.Value);
        writer.Int64(extent.LastOffset.Value);
        writer.Int64(extent.Bytes);
        writer.Int64(extent.MaxTimestampMs);
        switch (extent)
        {
            case WalExtent wal:
                WriteSession(writer, wal.Session);
                writer.Int64(wal.FirstSlot.Value);
                writer.Int64(wal.LastSlot.Value);
                break;
            case SegmentExtent segment:
                writer.Int32(segment.Epoch.Value);
                writer.Text(segment.Name);
                break;
            default:
                throw new FormatException($"No format for an extent of type {extent.GetType().Name}.");
        }
    }

    private static Extent ReadExtent(ref RecordReader reader)
    {
        var kind = reader.Byte();
        var first = new Offset(reader.Int64());
        var last = new Offset(reader.Int64());
        var bytes = reader.Int64();
        var timestamp = reader.Int64();
        switch (kind)
        {
            case WalKind:
                var session = ReadSession(ref reader);
                var firstSlot = new Slot(reader.Int64());
                return new WalExtent(session, firstSlot, new Slot(reader.Int64()), first, last, bytes, timestamp);
            case SegmentKind:
                var epoch = new LeaderEpoch(reader.Int32());
                return new SegmentExtent(reader.Text(), epoch, first, last, bytes, timestamp);
            default:
                throw new FormatException($"Extent of unknown kind {kind}.");
        }
    }

    private static ImmutableArray<Extent> ReadExtents(ref RecordReader reader)
    {
        var extents = new Extent[reader.Count(MinExtentBytes)];
        for (var i = 0; i < extents.Length; i++) extents[i] = ReadExtent(ref reader);
        return Frozen(extents);
    }

    private static ImmutableArray<EpochStart> ReadEpochs(ref RecordReader reader)
    {
        var epochs = new EpochStart[reader.Count(EpochBytes)];
        for (var i = 0; i < epochs.Length; i++)
        {
            var epoch = new LeaderEpoch(reader.Int32());
            epochs[i] = new EpochStart(epoch, new Offset(reader.Int64()));
        }

        return Frozen(epochs);
    }

    private static ImmutableArray<string> ReadNames(ref RecordReader reader)
    {
        var names = new string[reader.Count(MinNameBytes)];
        for (var i = 0; i < names.Length; i++) names[i] = reader.Text();
        return Frozen(names);
    }

    private static ImmutableArray<T> Frozen<T>(T[] items) => ImmutableCollectionsMarshal.AsImmutableArray(items);
}
