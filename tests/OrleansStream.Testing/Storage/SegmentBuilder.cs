using System.Buffers.Binary;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Testing.Storage;

/// <summary>
/// A segment's bytes after docs/formats/segment.md, not by the code that writes them: of frames of one offset each, whose bytes follow from it.
/// </summary>
public sealed class SegmentBuilder(PartitionId partition, int runBytes = 64 * 1024)
{
    private const int LineBytes = 40;
    private const int RunEntryBytes = 48;
    private const int TrailerBytes = 80;

    private readonly MemoryStream _content = new();
    private readonly MemoryStream _index = new();
    private readonly MemoryStream _lines = new();
    private long _first = -1;
    private long _next;
    private long _bytes;
    private long _runStart;
    private long _runFirst;
    private int _runFrames;

    /// <summary>Epoch in name and trailer.</summary>
    public int Epoch { get; init; }

    public string Name => $"p/00a/{partition.Topic}/{partition.Index}/{Math.Max(0, _first):x16}-{Epoch}-{new string('0', 32)}";

    /// <summary>Adds frames of one offset and so many bytes each.</summary>
    public SegmentBuilder Frames(long first, int count, int length)
    {
        if (_first < 0) _first = first;
        for (var offset = first; offset < first + count; offset++)
        {
            if (_runFrames > 0 && _content.Length - _runStart + length > runBytes) CloseRun();
            if (_runFrames == 0) (_runStart, _runFirst) = (_content.Length, offset);
            Frame(offset, length);
        }

        return this;
    }

    /// <summary>The object, and how a manifest names it. Nothing may be added afterwards.</summary>
    public (SegmentExtent Extent, byte[] Bytes) Build()
    {
        if (_runFrames > 0) CloseRun();
        var dataBytes = _content.Length;
        Section(1, _index.ToArray());
        Section(2, []);
        Section(3, []);
        Span<byte> trailer = stackalloc byte[TrailerBytes];
        trailer.Clear();
        "OSSG"u8.CopyTo(trailer);
        BinaryPrimitives.WriteUInt16LittleEndian(trailer[4..], 1);
        partition.Topic.Value.TryWriteBytes(trailer[8..], bigEndian: true, out _);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[24..], partition.Index);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[28..], Epoch);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[32..], _first);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[40..], _next - 1);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[48..], -1);
        BinaryPrimitives.WriteInt64LittleEndian(trailer[56..], dataBytes);
        BinaryPrimitives.WriteInt32LittleEndian(trailer[64..], (int)(_content.Length - dataBytes));
        _content.Write(trailer);
        var bytes = _content.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 4), Crc32C.Hash(bytes.AsSpan((int)dataBytes, bytes.Length - 4 - (int)dataBytes)));
        return (new SegmentExtent(Name, new LeaderEpoch(Epoch), new Offset(_first), new Offset(_next - 1), _bytes, -1), bytes);
    }

    private void Frame(long offset, int length)
    {
        var frame = new byte[length];
        for (var i = 0; i < length; i++) frame[i] = (byte)(offset + i);
        _content.Write(frame);
        Span<byte> line = stackalloc byte[LineBytes];
        line.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(line, offset);
        BinaryPrimitives.WriteInt64LittleEndian(line[8..], offset);
        BinaryPrimitives.WriteInt64LittleEndian(line[16..], -1);
        BinaryPrimitives.WriteInt32LittleEndian(line[24..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(line[28..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(line[32..], Crc32C.Hash(frame));
        line[36] = (byte)FrameKind.Records;
        _lines.Write(line);
        _runFrames++;
        _bytes += length;
        _next = offset + 1;
    }

    private void CloseRun()
    {
        var lines = _lines.ToArray();
        _content.Write(lines);
        Span<byte> entry = stackalloc byte[RunEntryBytes];
        entry.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(entry, _runFirst);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], _next - 1);
        BinaryPrimitives.WriteInt64LittleEndian(entry[16..], -1);
        BinaryPrimitives.WriteInt64LittleEndian(entry[24..], _runStart);
        BinaryPrimitives.WriteInt32LittleEndian(entry[32..], (int)(_content.Length - _runStart));
        BinaryPrimitives.WriteInt32LittleEndian(entry[36..], _runFrames);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[40..], Crc32C.Hash(lines));
        _index.Write(entry);
        _lines.SetLength(0);
        _runFrames = 0;
    }

    private void Section(int number, byte[] content)
    {
        Span<byte> head = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(head, number);
        BinaryPrimitives.WriteInt32LittleEndian(head[4..], content.Length);
        _content.Write(head);
        _content.Write(content);
    }
}
