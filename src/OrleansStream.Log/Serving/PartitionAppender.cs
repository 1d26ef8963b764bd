using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>The writing half of a partition handle: gives out offsets together with places in the lane, and tells each caller what became of its append.</summary>
internal sealed class PartitionAppender : IFrameOwner
{
    /// <summary>The largest frame that fits a block beside its header and a directory of one line.</summary>
    internal const int LargestFrameBytes = Limits.MaxBlockBytes - (2 * Limits.BlockAlignment);

    private readonly Lock _gate = new();
    private readonly ServingParts _parts;
    private readonly ILane _lane;
    private readonly LanePartition _place;
    private readonly PublishedLog _log;
    private readonly PartitionHandle _handle;
    private readonly LeaderEpoch _epoch;
    private PendingAppend? _oldest;
    private PendingAppend? _newest;
    private long _nextOffset;

    public PartitionAppender(PartitionHandle handle, ServingParts parts, ILane lane, PartitionStart start)
    {
        _handle = handle;
        _parts = parts;
        _lane = lane;
        _log = handle.Published;
        _epoch = start.Manifest.Epoch;
        _nextOffset = start.LogEnd.Value;
        _place = lane.PartitionOf(start.Manifest.Partition);
    }

    /// <summary>The next offset to be given: the high watermark and what is on its way to it.</summary>
    public Offset LogEnd => new(Volatile.Read(ref _nextOffset));

    public AppendStatus Append(ReadOnlySpan<byte> batch, in BatchVerdict verdict, IAppendCompletion completion, int token)
    {
        var request = new FrameShape
        {
            Kind = FrameKind.Records,
            Offsets = verdict.Header.LastOffsetDelta + 1,
            Bytes = verdict.BatchBytes,
            MaxTimestampMs = verdict.MaxTimestamp,
            LogAppendTimeMs = verdict.Change == HeaderChange.AppendTime ? verdict.MaxTimestamp : -1,
        };
        var status = Enqueue(request, completion, token, out var baseOffset, out var place);
        if (status != EnqueueStatus.Accepted) return Refuse(status, completion, token);

        // From here to Filled nothing may fail: the block cannot be written without it. All lengths were checked.
        var destination = place.Destination;
        batch[..verdict.BatchBytes].CopyTo(destination);
        RecordBatchPatch.Place(destination, baseOffset, _epoch);
        var crc = verdict.Apply(destination);
        place.Filled(FrameChecksum(destination, crc));
        return AppendStatus.Begun;
    }

    public AppendStatus AppendJournal(ReadOnlySpan<byte> changes, int count, IAppendCompletion completion, int token)
    {
        var request = new FrameShape { Kind = FrameKind.Journal, Offsets = count, Bytes = changes.Length, MaxTimestampMs = -1, LogAppendTimeMs = -1 };
        var status = Enqueue(request, completion, token, out _, out var place);
        if (status != EnqueueStatus.Accepted) return Refuse(status, completion, token);

        changes.CopyTo(place.Destination);
        place.Filled(Crc32C.Hash(changes));
        return AppendStatus.Begun;
    }

    /// <summary>Durable: readers first, then the producer, so that a client that was answered reads what it wrote.</summary>
    public void OnPublished(Block block, int index, object? state)
    {
        _log.Publish(block, index);
        Answer(Leave((PendingAppend)state!), ErrorCode.None);
    }

    /// <summary>The first loss ends the handle: nothing may succeed around it. What was in flight is lost with it, frame by frame.</summary>
    public void OnLost(LaneEnd end, object? state)
    {
        var error = ErrorOf(end);
        _handle.Close(error);
        Answer(Leave((PendingAppend)state!), error);
    }

    /// <summary>
    /// A failed disk is the broker's fault and may pass (KAFKA_STORAGE_ERROR). A lane that was fenced or stopped has another owner or will have:
    /// look for it (NOT_LEADER_OR_FOLLOWER). Clients try both again.
    /// </summary>
    internal static ErrorCode ErrorOf(LaneEnd? end) =>
        end?.Cause is Storage.DiskException ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower;

    /// <summary>The frame's checksum from the batch's own, which validation computed: only the 21 bytes before those that it covers are read again.</summary>
    internal static uint FrameChecksum(ReadOnlySpan<byte> batch, uint batchCrc) =>
        Crc32C.Combine(Crc32C.Hash(batch[..RecordBatchLayout.CrcStart]), batchCrc, batch.Length - RecordBatchLayout.CrcStart);

    // Rule B2: offset and place in the lane are one critical section, so that of two frames the lower offset never stands in the later place.
    private EnqueueStatus Enqueue(in FrameShape shape, IAppendCompletion completion, int token, out Offset baseOffset, out FramePlace place)
    {
        var pending = _parts.Appends.Take();
        EnqueueStatus status;
        lock (_gate)
        {
            baseOffset = new Offset(_nextOffset);
            place = default;
            status = _log.Closed == ErrorCode.None ? TryEnqueue(shape, pending, out place) : EnqueueStatus.EpochClosed;
            if (status == EnqueueStatus.Accepted)
            {
                // Before the gate opens: the lane may end at once, and OnLost must find the append in the list.
                pending.Fill(completion, token, baseOffset, shape.LogAppendTimeMs);
                Join(pending);
                Volatile.Write(ref _nextOffset, _nextOffset + shape.Offsets);
                return status;
            }
        }

        _parts.Appends.Return(pending);
        return status;
    }

    private EnqueueStatus TryEnqueue(in FrameShape shape, PendingAppend pending, out FramePlace place)
    {
        var request = new FrameRequest
        {
            Partition = _place,
            Epoch = _epoch,
            BaseOffset = new Offset(_nextOffset),
            LastOffset = new Offset(_nextOffset + shape.Offsets - 1),
            MaxTimestampMs = shape.MaxTimestampMs,
            Length = shape.Bytes,
            Kind = shape.Kind,
            Owner = this,
            State = pending,
        };
        return _lane.TryEnqueue(request, out place);
    }

    private AppendStatus Refuse(EnqueueStatus status, IAppendCompletion completion, int token)
    {
        if (status == EnqueueStatus.Full) return AppendStatus.Full;

        var error = status == EnqueueStatus.NoSpace ? ErrorCode.KafkaStorageError : CloseFor(status);
        completion.OnAppended(token, Refusal(error, status == EnqueueStatus.NoSpace ? "The disk is full." : null));
        return AppendStatus.Begun;
    }

    // Without disk space the partition stays: fetch goes on, and space may return. Otherwise this broker serves it no longer.
    private ErrorCode CloseFor(EnqueueStatus status)
    {
        _handle.Close(status == EnqueueStatus.Ended ? ErrorOf(_lane.End) : ErrorCode.NotLeaderOrFollower);
        return _log.Closed;
    }

    internal AppendOutcome Refusal(ErrorCode error, string? message, int recordIndex = -1) => new()
    {
        Error = error,
        BaseOffset = Offset.None,
        LogAppendTimeMs = -1,
        LogStart = _log.LogStart,
        Message = message,
        RecordIndex = recordIndex,
    };

    private void Join(PendingAppend pending)
    {
        if (_newest is null) _oldest = pending;
        else _newest.Next = pending;
        _newest = pending;
    }

    // The lane answers in its order, which is that of the offsets: what is answered is the oldest.
    private PendingAppend Leave(PendingAppend pending)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_oldest, pending)) throw new InvalidOperationException($"{_handle.Id}: the lane answered offset {pending.BaseOffset} before {_oldest?.BaseOffset}.");
            _oldest = pending.Next;
            if (_oldest is null) _newest = null;
            return pending;
        }
    }

    private void Answer(PendingAppend pending, ErrorCode error)
    {
        for (var duplicate = pending.Duplicates; duplicate is not null;)
        {
            var next = duplicate.Next;
            AnswerOne(duplicate, error);
            duplicate = next;
        }

        AnswerOne(pending, error);
    }

    private void AnswerOne(PendingAppend pending, ErrorCode error)
    {
        var outcome = error == ErrorCode.None ? Success(pending.BaseOffset, pending.LogAppendTimeMs) : Refusal(error, null);
        var (completion, token) = (pending.Completion!, pending.Token);
        _parts.Appends.Return(pending);
        completion.OnAppended(token, outcome);
    }

    private AppendOutcome Success(Offset baseOffset, long logAppendTimeMs) => new()
    {
        Error = ErrorCode.None,
        BaseOffset = baseOffset,
        LogAppendTimeMs = logAppendTimeMs,
        LogStart = _log.LogStart,
        RecordIndex = -1,
    };

    /// <summary>What a frame needs of the lane.</summary>
    private readonly struct FrameShape
    {
        public required FrameKind Kind { get; init; }

        public required int Offsets { get; init; }

        public required int Bytes { get; init; }

        public required long MaxTimestampMs { get; init; }

        public required long LogAppendTimeMs { get; init; }
    }
}
