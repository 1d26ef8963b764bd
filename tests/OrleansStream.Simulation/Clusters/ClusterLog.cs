using System.Buffers.Binary;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;
using OrleansStream.Simulation.Schedules;

namespace OrleansStream.Simulation.Clusters;

/// <summary>
/// What one partition must hold, whoever serves it: every batch that was sent, which of them were acknowledged and where, by whom in which epoch, and what
/// readers were shown.
/// </summary>
internal sealed class ClusterLog(PartitionId partition, PartitionSettings settings)
{
    private const int ReadBytes = 32 * 1024;

    private readonly Dictionary<uint, byte[]> _sent = [];

    // Offset of the first record to the batch's CRC, for everything that was acknowledged or that a reader has seen; and the other way round.
    private readonly SortedDictionary<long, uint> _settled = [];
    private readonly Dictionary<uint, long> _offsets = [];
    private readonly Dictionary<uint, string> _refused = [];
    private readonly Dictionary<int, string> _owners = [];
    private readonly HashSet<long> _logStarts = [0];
    private long _logStart;

    public PartitionId Partition => partition;

    public PartitionSettings Settings => settings;

    /// <summary>Its topic is being deleted: from now on it may be gone, as a whole.</summary>
    public bool IsDeletionAsked { get; set; }

    /// <summary>Its tombstone stands, and so it stays.</summary>
    public bool IsDeleted { get; set; }

    public int Settled => _settled.Count;

    /// <summary>The offset after all that was acknowledged or shown.</summary>
    public long End { get; private set; }

    public void Send(byte[] batch) => _sent[CrcOf(batch)] = batch;

    /// <summary>A broker said that the batch stands.</summary>
    public void Acknowledge(string broker, LeaderEpoch epoch, byte[] batch, Offset offset)
    {
        if (!_owners.TryAdd(epoch.Value, broker) && _owners[epoch.Value] != broker) throw new ViolationException($"{partition}: {broker} and {_owners[epoch.Value]} both acknowledged in epoch {epoch}");
        Settle(offset.Value, CrcOf(batch), $"acknowledged by {broker} in epoch {epoch}");
    }

    /// <summary>A broker answered by an error that says more than that the batch is in doubt, and the batch was sent once: clients take that for a promise that it stands nowhere.</summary>
    public void Refuse(string broker, ErrorCode error, byte[] batch)
    {
        var crc = CrcOf(batch);
        _refused[crc] = $"{broker} answered {error}";
        if (_offsets.TryGetValue(crc, out var offset)) throw new ViolationException($"{partition}: {_refused[crc]} for the batch that stands at offset {offset}");
    }

    public void AskLogStart(long offset) => _logStarts.Add(offset);

    public void MovedLogStart(long offset) => _logStart = Math.Max(_logStart, offset);

    /// <summary>The newest owner begins to serve: consumers have seen as far as the log is settled (rule O6).</summary>
    public void CheckOpened(PartitionHandle handle)
    {
        if (handle.HighWatermark.Value < End) throw new ViolationException($"{partition}: the high watermark is {handle.HighWatermark} in epoch {handle.Epoch}; consumers have seen up to {End}");
    }

    /// <summary>Reads from an offset on as a consumer does, as far as the handle lets it, and compares. False if it was refused before the end.</summary>
    public async Task<bool> ReadAsync(PartitionHandle handle, long from, long to, string broker)
    {
        using var frames = new FrameList();
        for (var at = from; at < to;)
        {
            frames.Dispose();
            var outcome = await handle.ReadAsync(new ReadRequest(new Offset(at), ReadBytes, AtLeastOne: true, Committed: false), frames, CancellationToken.None);
            if (outcome.Error != ErrorCode.None) return false;
            if (frames.Count == 0) throw new ViolationException($"{partition}: {broker} shows nothing at offset {at} in epoch {handle.Epoch}; its log ends at {handle.HighWatermark}");
            for (var i = 0; i < frames.Count; i++)
            {
                var entry = frames[i].Entry;
                if (at == from ? entry.BaseOffset.Value > at || entry.LastOffset.Value < at : entry.BaseOffset.Value != at)
                    throw new ViolationException($"{partition}: {broker} shows offsets {entry.BaseOffset} to {entry.LastOffset} in epoch {handle.Epoch} where {at} comes next");
                Settle(entry.BaseOffset.Value, CheckBytes(frames[i]), $"shown by {broker} in epoch {handle.Epoch}");
                at = entry.LastOffset.Value + 1;
            }
        }

        return true;
    }

    /// <summary>The whole log, when nothing is wrong any more: all that was settled is in it, and nothing twice.</summary>
    /// <param name="handle">Open.</param>
    /// <param name="broker">Whose.</param>
    /// <param name="nowMs">The time, by which records may have expired.</param>
    public async Task CheckWholeAsync(PartitionHandle handle, string broker, long nowMs)
    {
        CheckOpened(handle);
        long start;
        do
        {
            start = handle.LogStart.Value;
            if (await ReadAsync(handle, start, handle.HighWatermark.Value, broker)) break;
            if (handle.LogStart.Value == start) throw new ViolationException($"{partition}: {broker} refuses to be read from {start} to {handle.HighWatermark}: {handle.Closed}");
        }
        while (true); // What had expired went meanwhile.

        if (start < _logStart || !(_logStarts.Contains(start) || IsExpired(start, nowMs))) throw new ViolationException($"{partition}: log start {start}, after {_logStart} was answered");
        CheckSequences(start);
    }

    private bool IsExpired(long start, long nowMs) => settings.RetentionMs >= 0 && _settled.TakeWhile(batch => batch.Key < start).Where(batch => batch.Key >= _logStart)
        .All(batch => batch.Key + CountOf(batch.Value) <= start && nowMs - BinaryPrimitives.ReadInt64BigEndian(_sent[batch.Value].AsSpan(RecordBatchLayout.MaxTimestamp)) > settings.RetentionMs);

    // All that is settled by now was read, or lies below log start; so what is settled is the log.
    private void CheckSequences(long start)
    {
        var next = new Dictionary<long, int>();
        var at = -1L;
        foreach (var (offset, crc) in _settled)
        {
            var batch = _sent[crc].AsSpan();
            if (at >= start && offset != at) throw new ViolationException($"{partition}: offset {offset} follows {at - 1}");
            at = offset + CountOf(crc);
            var producer = BinaryPrimitives.ReadInt64BigEndian(batch[RecordBatchLayout.ProducerId..]);
            if (producer < 0 || offset < start) continue;
            var sequence = BinaryPrimitives.ReadInt32BigEndian(batch[RecordBatchLayout.BaseSequence..]);
            if (next.TryGetValue(producer, out var expected) && sequence != expected) throw new ViolationException($"{partition}: sequence {sequence} of producer {producer} stands at offset {offset}, where {expected} comes next");
            next[producer] = sequence + CountOf(crc);
        }
    }

    private uint CheckBytes(in LeasedFrame frame)
    {
        var stored = frame.Bytes.Span;
        var crc = CrcOf(stored);
        var isSent = _sent.TryGetValue(crc, out var sent)
            && sent.Length == stored.Length
            && sent.AsSpan(RecordBatchLayout.CrcStart).SequenceEqual(stored[RecordBatchLayout.CrcStart..])
            && BinaryPrimitives.ReadInt64BigEndian(stored) == frame.Entry.BaseOffset.Value;
        return isSent ? crc : throw new ViolationException($"{partition}: what stands at offset {frame.Entry.BaseOffset} was never sent");
    }

    private void Settle(long offset, uint crc, string how)
    {
        if (_settled.TryGetValue(offset, out var there) && there != crc) throw new ViolationException($"{partition}: another batch than before was {how} at offset {offset}");
        if (_refused.TryGetValue(crc, out var refused)) throw new ViolationException($"{partition}: {refused} for a batch that was {how} at offset {offset}");
        if (!_offsets.TryAdd(crc, offset) && _offsets[crc] != offset) throw new ViolationException($"{partition}: a batch was {how} at offset {offset}, which stands at {_offsets[crc]}");
        _settled[offset] = crc;
        End = Math.Max(End, offset + CountOf(crc));
    }

    private int CountOf(uint crc) => BinaryPrimitives.ReadInt32BigEndian(_sent[crc].AsSpan(RecordBatchLayout.LastOffsetDelta)) + 1;

    private static uint CrcOf(ReadOnlySpan<byte> batch) => BinaryPrimitives.ReadUInt32BigEndian(batch[17..]);
}
