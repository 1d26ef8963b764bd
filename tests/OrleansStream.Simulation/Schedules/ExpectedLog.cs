using System.Buffers.Binary;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Simulation.Schedules;

/// <summary>What one partition must hold: every batch that was sent, which of them were acknowledged and where, and what readers were shown.</summary>
internal sealed class ExpectedLog(PartitionId partition, PartitionSettings? settings = null)
{
    private const int ReadBytes = 32 * 1024;

    private readonly Dictionary<uint, byte[]> _sent = [];

    // Offset of the first record to the batch's CRC, for everything that was acknowledged or that a reader has seen.
    private readonly SortedDictionary<long, uint> _settled = [];

    private readonly Dictionary<uint, ErrorCode> _refused = [];
    private readonly HashSet<long> _logStarts = [0];
    private long _highWatermark;
    private long _logStart;
    private int _epoch = -1;
    private long _lastAcknowledged = -1;

    public PartitionId Partition => partition;

    public PartitionSettings Settings { get; } = settings ?? new PartitionSettings();

    /// <summary>Its topic is being deleted: from now on it may be gone, as a whole.</summary>
    public bool IsDeletionAsked { get; private set; }

    /// <summary>Its topic is deleted, and stays so.</summary>
    public bool IsDeleted { get; private set; }

    public long HighWatermark => _highWatermark;

    public int Settled => _settled.Count;

    /// <summary>The same expectations, to go on from one state in several ways.</summary>
    public ExpectedLog Copy()
    {
        var copy = new ExpectedLog(partition, Settings) { _highWatermark = _highWatermark, _logStart = _logStart, _epoch = _epoch, IsDeletionAsked = IsDeletionAsked, IsDeleted = IsDeleted };
        foreach (var (crc, batch) in _sent) copy._sent[crc] = batch;
        foreach (var (offset, crc) in _settled) copy._settled[offset] = crc;
        copy._logStarts.UnionWith(_logStarts);
        foreach (var (crc, error) in _refused) copy._refused[crc] = error;
        return copy;
    }

    public void Send(byte[] batch) => _sent[CrcOf(batch)] = batch;

    /// <summary>Answers of one owner come in the order of offsets (rule B3), but for a batch that was sent again.</summary>
    public void Acknowledge(byte[] batch, Offset baseOffset, bool isOrdered = true)
    {
        if (isOrdered && baseOffset.Value <= _lastAcknowledged) throw new ViolationException($"{partition}: offset {baseOffset} was acknowledged after offset {_lastAcknowledged}");
        if (isOrdered) _lastAcknowledged = baseOffset.Value;
        Settle(baseOffset.Value, CrcOf(batch), "acknowledged");
    }

    /// <summary>Answered by an error that says more than that the batch is in doubt, after it was sent once: clients take that for a promise that it stands nowhere.</summary>
    public void Refuse(byte[] batch, ErrorCode error) => _refused[CrcOf(batch)] = error;

    public void AskDeletion() => IsDeletionAsked = true;

    public void Deleted() => IsDeletionAsked = IsDeleted = true;

    public void AskLogStart(long offset) => _logStarts.Add(offset);

    public void MovedLogStart(long offset) => _logStart = Math.Max(_logStart, offset);

    /// <summary>Each open must have a higher epoch than all before it.</summary>
    public void CheckEpoch(PartitionHandle handle)
    {
        if (handle.Epoch.Value <= _epoch) throw new ViolationException($"{partition}: epoch {handle.Epoch} was claimed after epoch {_epoch}");
        _epoch = handle.Epoch.Value;
    }

    /// <summary>Reads the whole log through its handle and compares.</summary>
    /// <param name="handle">Open.</param>
    /// <param name="nowMs">The broker's clock, by which records may have expired.</param>
    public async Task CheckAsync(PartitionHandle handle, long nowMs)
    {
        var start = handle.LogStart.Value;
        var end = handle.HighWatermark.Value;
        if (start < _logStart) throw new ViolationException($"{partition}: log start {start} after {_logStart}");
        if (end < _highWatermark) throw new ViolationException($"{partition}: high watermark {end} after {_highWatermark}");
        var found = await ReadAsync(handle, start, end);
        Compare(found, start, end);
        foreach (var (offset, crc) in found) Settle(offset, crc, "shown");
        CheckStart(start, found, nowMs);
        _highWatermark = Math.Max(_highWatermark, end);
    }

    // Somebody asked for it, or retention may let go what lay below.
    private void CheckStart(long start, SortedDictionary<long, uint> found, long nowMs)
    {
        var isExpired = _settled.TakeWhile(batch => batch.Key < start).Where(batch => batch.Key >= _logStart)
            .All(batch => batch.Key + CountOf(batch.Value) <= start && Settings.RetentionMs >= 0 && nowMs - TimestampOf(batch.Value) > Settings.RetentionMs);
        var isBeyondSize = Settings.RetentionBytes >= 0 && found.Values.Sum(crc => (long)_sent[crc].Length) >= Settings.RetentionBytes;
        if (!_logStarts.Contains(start) && !isExpired && !isBeyondSize)
            throw new ViolationException($"{partition}: log start {start} after {_logStart}, which nobody asked for, and what lay below had not expired");
        _logStarts.Add(start);
        _logStart = start;
    }

    private async Task<SortedDictionary<long, uint>> ReadAsync(PartitionHandle handle, long start, long end)
    {
        var found = new SortedDictionary<long, uint>();
        using var frames = new FrameList();
        var epoch = -1;
        for (var at = start; at < end;)
        {
            frames.Dispose();
            var outcome = await handle.ReadAsync(new ReadRequest(new Offset(at), ReadBytes, AtLeastOne: true, Committed: false), frames, CancellationToken.None);
            if (outcome.Error != ErrorCode.None) throw new UnreadableException($"{partition}: offset {at} of {start} to {end} cannot be read: {outcome.Error}");
            if (frames.Count == 0) throw new ViolationException($"{partition}: nothing stands at offset {at} of {start} to {end}");
            for (var i = 0; i < frames.Count; i++)
            {
                var entry = frames[i].Entry;
                var isFirst = at == start;
                if (isFirst ? entry.BaseOffset.Value > at || entry.LastOffset.Value < at : entry.BaseOffset.Value != at)
                    throw new ViolationException($"{partition}: offsets {entry.BaseOffset} to {entry.LastOffset} where {at} comes next");

                // The batch's own: that of the entry is higher where frames were carried forward.
                var written = BinaryPrimitives.ReadInt32BigEndian(frames[i].Bytes.Span[RecordBatchLayout.LeaderEpoch..]);
                if (written < epoch || written > entry.Epoch.Value) throw new ViolationException($"{partition}: epoch {written} in an entry of epoch {entry.Epoch} at offset {at} after epoch {epoch}");
                epoch = written;
                found[entry.BaseOffset.Value] = CheckBytes(frames[i]);
                at = entry.LastOffset.Value + 1;
            }
        }

        return found;
    }

    private uint CheckBytes(in LeasedFrame frame)
    {
        var stored = frame.Bytes.Span;
        var crc = CrcOf(stored);
        var isSent = _sent.TryGetValue(crc, out var sent)
            && sent.Length == stored.Length
            && sent.AsSpan(RecordBatchLayout.CrcStart).SequenceEqual(stored[RecordBatchLayout.CrcStart..])
            && sent.AsSpan(RecordBatchLayout.BatchLength, 4).SequenceEqual(stored[RecordBatchLayout.BatchLength..RecordBatchLayout.LeaderEpoch])
            && BinaryPrimitives.ReadInt64BigEndian(stored) == frame.Entry.BaseOffset.Value;
        return isSent ? crc : throw new ViolationException($"{partition}: what stands at offset {frame.Entry.BaseOffset} was never sent");
    }

    private void Compare(SortedDictionary<long, uint> found, long start, long end)
    {
        foreach (var (offset, crc) in _settled)
        {
            var last = offset + CountOf(crc) - 1;
            if (last < start || offset >= end) continue;
            if (!found.TryGetValue(offset, out var there)) throw new ViolationException($"{partition}: the batch at offset {offset} is lost");
            if (there != crc) throw new ViolationException($"{partition}: another batch stands at offset {offset}");
        }

        var seen = new HashSet<uint>();
        foreach (var (offset, crc) in found)
        {
            if (!seen.Add(crc)) throw new ViolationException($"{partition}: the batch at offset {offset} stands twice");
        }
    }

    private void Settle(long offset, uint crc, string how)
    {
        if (_settled.TryGetValue(offset, out var there) && there != crc) throw new ViolationException($"{partition}: offset {offset} was {how} for two batches");
        if (_refused.TryGetValue(crc, out var refused)) throw new ViolationException($"{partition}: a batch that was refused with {refused} was {how} at offset {offset}");
        _settled[offset] = crc;
        _highWatermark = Math.Max(_highWatermark, offset + CountOf(crc));
    }

    private int CountOf(uint crc) => BinaryPrimitives.ReadInt32BigEndian(_sent[crc].AsSpan(23)) + 1;

    private long TimestampOf(uint crc) => BinaryPrimitives.ReadInt64BigEndian(_sent[crc].AsSpan(RecordBatchLayout.MaxTimestamp));

    private static uint CrcOf(ReadOnlySpan<byte> batch) => BinaryPrimitives.ReadUInt32BigEndian(batch[17..]);
}

/// <summary>The log did what it must never do.</summary>
internal sealed class ViolationException(string message) : Exception(message);

/// <summary>A read was refused: right beside a reopened partition, a moved log start or a failing disk; wrong after a start.</summary>
internal sealed class UnreadableException(string message) : Exception(message);
