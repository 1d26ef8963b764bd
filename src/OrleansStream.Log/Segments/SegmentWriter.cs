using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Cuts one segment: takes frames in offset order, and writes them as one object. It copies, so that no lease on a block of many partitions waits for the
/// write; what it holds is bounded by its caller, who writes when <see cref="Bytes"/> is enough. Used by one task, for one segment.
/// </summary>
internal sealed class SegmentWriter(SlabPool slabs, PartitionId partition, LeaderEpoch epoch, int indexIntervalBytes, int clusterGeneration = 0) : IDisposable
{
    private readonly SlabChain _content = new(slabs);
    private readonly List<SegmentRun> _runs = [];
    private byte[] _directory = new byte[16 * SegmentLayout.LineBytes];
    private SegmentRun _open;
    private long _maxTimestampMs = -1;
    private ProducerDelta? _producers = new();

    /// <summary>Bytes of the frames taken so far.</summary>
    public long Bytes { get; private set; }

    public bool IsEmpty => _runs.Count == 0 && _open.Frames == 0;

    public Offset BaseOffset => _runs.Count > 0 ? _runs[0].BaseOffset : _open.BaseOffset;

    public Offset LastOffset => _open.Frames > 0 ? _open.LastOffset : _runs[^1].LastOffset;

    /// <summary>The object's name once <see cref="WriteAsync"/> has begun, and unless the name was taken; null before.</summary>
    public string? Name { get; private set; }

    /// <summary>Timestamp of the first frame, -1 if it has none.</summary>
    public long FirstTimestampMs { get; private set; } = -1;

    /// <summary>Takes a frame. Its offsets lie above those of the one before.</summary>
    /// <param name="entry">Its line; the position in it is not looked at.</param>
    /// <param name="bytes">Borrowed for the call. They are verified here: what does not match its checksum is not copied to where it would seem sound.</param>
    /// <exception cref="LogException">The bytes are not those of the entry.</exception>
    public void Add(in FrameEntry entry, ReadOnlySpan<byte> bytes)
    {
        if (!IsEmpty && entry.BaseOffset <= LastOffset) throw new ArgumentException($"Offset {entry.BaseOffset} does not follow {LastOffset}.", nameof(entry));
        var found = Crc32C.Hash(bytes);
        if (found != entry.Checksum) throw new LogException($"Partition {partition}, offsets {entry.BaseOffset} to {entry.LastOffset}: checksum {found:x8} in memory, the frame's entry says {entry.Checksum:x8}.");

        if (IsEmpty) FirstTimestampMs = entry.MaxTimestampMs;
        if (_open.Frames > 0 && _open.Length + bytes.Length > indexIntervalBytes) CloseRun();
        if (_open.Frames == 0) _open = new SegmentRun(entry.BaseOffset, entry.LastOffset, -1, _content.Length, 0, 0, 0);
        if (entry.Kind == FrameKind.Records && RecordBatchHeader.TryRead(bytes, out var header)) _producers?.Add(header);
        else _producers = null;
        Line(entry with { Length = bytes.Length });
        _content.Append(bytes);
        _open = _open with
        {
            LastOffset = entry.LastOffset,
            Length = _open.Length + bytes.Length,
            Frames = _open.Frames + 1,
            MaxTimestampMs = Math.Max(_open.MaxTimestampMs, entry.MaxTimestampMs),
        };
        Bytes += bytes.Length;
        _maxTimestampMs = Math.Max(_maxTimestampMs, entry.MaxTimestampMs);
    }

    /// <summary>Writes the segment under a name that was never used; durable on return. Nothing may be added afterwards.</summary>
    /// <exception cref="LogException">It was not written, or that is unknown: <see cref="Name"/> says what may stand there, named by no manifest.</exception>
    public async ValueTask<SegmentExtent> WriteAsync(IObjectStore objects, Guid unique, CancellationToken cancellationToken)
    {
        if (_open.Frames > 0) CloseRun();
        var trailer = new SegmentTrailer
        {
            Partition = partition,
            Epoch = epoch,
            BaseOffset = BaseOffset,
            LastOffset = LastOffset,
            MaxTimestampMs = _maxTimestampMs,
            DataBytes = _content.Length,
            ClusterGeneration = clusterGeneration,
        };
        _content.Append(SegmentFooter.Write(trailer, _runs, _producers));
        var name = Name = SegmentName.New(partition, BaseOffset, epoch, unique);
        if (!await objects.TryCreateAsync(name, _content.ToSequence(), cancellationToken))
        {
            Name = null; // Somebody else's object.
            throw new LogException($"The name '{name}' was taken.");
        }

        return new SegmentExtent(name, epoch, BaseOffset, LastOffset, Bytes, _maxTimestampMs);
    }

    public void Dispose() => _content.Dispose();

    private void Line(in FrameEntry entry)
    {
        var at = _open.Frames * SegmentLayout.LineBytes;
        if (at == _directory.Length) Array.Resize(ref _directory, at * 2);
        SegmentLine.Write(_directory.AsSpan(at), entry);
    }

    private void CloseRun()
    {
        var lines = _directory.AsSpan(0, _open.DirectoryBytes);
        _content.Append(lines);
        _runs.Add(_open with { Length = _open.Length + lines.Length, Checksum = Crc32C.Hash(lines) });
        _open = default;
    }
}
