using System.Buffers;
using System.Buffers.Binary;
using OrleansStream.Testing.Records;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Log.Tests.Lanes;
using OrleansStream.Log.Tests.Producers;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Testing.Fuzzing;

namespace OrleansStream.Log.Tests.Fuzzing;

/// <summary>What lies on a disk or in a store: whatever became of it there, it is read or refused.</summary>
public sealed class FormatFuzzTests
{
    private const int TriesInTheTestRun = 100_000;
    private const long SegmentBytes = 5_000;

    private static readonly PartitionId Partition = new(new TopicId(new Guid(1, 2, 3, new byte[8])), 4);
    private static readonly SessionId Session = new(new BrokerId(1), new Guid(9, 9, 9, new byte[8]));

    private static readonly SegmentTrailer Trailer = new() { Partition = Partition, Epoch = new LeaderEpoch(2), BaseOffset = new Offset(10), LastOffset = new Offset(29), MaxTimestampMs = 7, DataBytes = SegmentBytes };

    [Fact]
    public void Damaged_blocks_manifests_records_footers_and_snapshots_are_read_or_refused()
    {
        FuzzTarget[] targets =
        [
            new("block", [Block(1), Block(3), Block(20)], static bytes => BlockCodec.Verify(bytes)) { Seal = SealBlock },
            new("manifest", [Manifest(0), Manifest(3)], static bytes => ManifestCodec.Read(bytes), typeof(FormatException)),
            new("manifest's partition", [Manifest(1)], static bytes => ManifestCodec.ReadPartition(bytes), typeof(FormatException)),
            new("session record", [SessionRecordOf(null), SessionRecordOf(new Slot(5))], static bytes => SessionRecordCodec.Read(bytes), typeof(FormatException)),
            new("journal frame", [Frame([[1, 2, 3], []]), Frame([new byte[200]])], ReadFrame, typeof(LogException)),
            new("segment footer", [Footer()], ReadFooter, typeof(CorruptBlockException)) { Seal = SealEnd },
            new("producer snapshot", [Snapshot(1), Snapshot(8)], static bytes => new ProducerStates(new ProducerOptions()).TryApply(bytes, out _)) { Seal = SealEnd, AllocationPerByte = 300 },
        ];

        Assert.Null(FuzzRun.Run(targets, TriesInTheTestRun).Finding);
    }

    // Blocks are read where their slabs begin, which is aligned; so is an array's first byte.
    private static byte[] SealBlock(byte[] bytes)
    {
        if (BlockCodec.TryReadHeader(bytes, out var header, out _) && bytes.Length >= header.StoredBytes) BlockCodec.Seal(bytes, header);
        return bytes;
    }

    private static byte[] SealEnd(byte[] bytes)
    {
        if (bytes.Length >= sizeof(uint)) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - sizeof(uint)), Crc32C.Hash(bytes.AsSpan(0, bytes.Length - sizeof(uint))));
        return bytes;
    }

    private static void ReadFooter(byte[] bytes)
    {
        if (bytes.Length < SegmentLayout.TrailerBytes) return;

        var objectBytes = SegmentBytes + bytes.Length;
        var length = SegmentFooter.LengthOf("segment", objectBytes, bytes);
        if (length <= bytes.Length) SegmentFooter.Read("segment", objectBytes, bytes.AsSpan(bytes.Length - length), Trailer);
    }

    private static byte[] Footer() => SegmentFooter.Write(Trailer,
    [
        new SegmentRun(new Offset(10), new Offset(19), 5, 0, 3_000, 2, 1),
        new SegmentRun(new Offset(20), new Offset(29), 7, 3_000, 2_000, 1, 2),
    ],
        Producers());

    private static ProducerDelta Producers()
    {
        var producers = new ProducerDelta();
        for (var sequence = 0; sequence < 20; sequence++)
        {
            Assert.True(RecordBatchHeader.TryRead(BatchBuilder.OfProducer(sequence % 3, 0, sequence).BaseOffset(10 + sequence).Record("x").Build(), out var header));
            producers.Add(header);
        }

        return producers;
    }

    private static void ReadFrame(byte[] bytes)
    {
        // Its directory entry says how many changes a frame has; mostly that is what the frame says too.
        var changes = bytes.Length >= JournalFrame.HeaderBytes ? BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4)) : 0;
        var reader = new JournalFrameReader(bytes, changes > 0 ? changes : 2);
        while (reader.TryRead(out _))
        {
        }
    }

    private static byte[] Frame(byte[][] changes)
    {
        ReadOnlyMemory<byte>[] memory = [.. changes.Select(change => (ReadOnlyMemory<byte>)change)];
        var bytes = new byte[JournalFrame.LengthOf(memory)];
        JournalFrame.Write(memory, bytes);
        return bytes;
    }

    private static byte[] Snapshot(int producers)
    {
        var states = new ProducerStates(new ProducerOptions());
        for (var id = 0; id < producers; id++) states.Append(Batches.Header(id: id, records: 2), new Offset(2 * id), timestampMs: 5, nowMs: 6);
        return states.EncodeSnapshot();
    }

    private static byte[] Manifest(int extents)
    {
        var output = new ArrayBufferWriter<byte>();
        ManifestCodec.Write(
            new Manifest
            {
                Partition = Partition,
                Epoch = new LeaderEpoch(3),
                Owner = Session,
                Nonce = new Guid(4, 4, 4, new byte[8]),
                Extents = [.. Enumerable.Range(0, extents).Select(index => index % 2 == 0
                    ? (Extent)new WalExtent(Session, new Slot(index), new Slot(index + 1), new Offset(index * 10), new Offset((index * 10) + 9), 100, 5)
                    : new SegmentExtent("segment-name", new LeaderEpoch(1), new Offset(index * 10), new Offset((index * 10) + 9), 100, 5))],
                Epochs = [new EpochStart(new LeaderEpoch(1), Offset.Zero), new EpochStart(new LeaderEpoch(3), new Offset(7))],
                PendingDelete = ["gone"],
                Snapshot = new SnapshotReference("snapshot-name", new Offset(4)),
            },
            output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] SessionRecordOf(Slot? end)
    {
        var output = new ArrayBufferWriter<byte>();
        SessionRecordCodec.Write(new SessionRecord(Session, end is null ? SessionState.Open : SessionState.Closed, new Slot(1), end), output);
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Block(int frames)
    {
        using var bench = new LaneBench(setup => setup with { BlockBytes = 1 << 20 });
        for (var index = 0; index < frames; index++) bench.Append(index, 100);
        bench.RunAll();
        return Assert.Single(bench.Store.Blocks).Bytes;
    }
}
