using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Producers;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Serving;

/// <summary>The writing half of a partition handle: gives out offsets together with places in the lane, and tells each caller what became of its append.</summary>
internal sealed class PartitionAppender : IFrameOwner
{
    private const string InDoubt = "The broker's log session ended before storage had said whether the batch stands; it may.";

    private readonly Lock _gate = new();
    private readonly ServingParts _parts;
    private readonly ILane _lane;
    private readonly LanePartition _place;
    private readonly PublishedLog _log;
    private readonly PartitionHandle _handle;
    private readonly LeaderEpoch _epoch;
    private readonly ProducerStates _producers;
    private PendingAppend? _oldest;
    private PendingAppend? _newest;
    private long _nextOffset;
    private long _bytesSinceSnapshot;

    public PartitionAppender(PartitionHandle handle, ServingParts parts, ILane lane, PartitionStart start)
    {
        _handle = handle;
        _parts = parts;
        _lane = lane;
        _log = handle.Published;
        _epoch = start.Manifest.Epoch;
        _producers = start.Producers ?? new ProducerStates(new ProducerOptions());
        _bytesSinceSnapshot = start.ReplayedBytes;
        _nextOffset = start.LogEnd.Value;
        _place = lane.PartitionOf(start.Manifest.Partition);
    }

    /// <summary>The next offset to be given: the high watermark and what is on its way to it.</summary>
    public Offset LogEnd => new(Volatile.Read(ref _nextOffset));

    /// <summary>Bytes of batches whose producers no snapshot holds: what the next open would have to read for them.</summary>
    public long BytesSinceSnapshot => Volatile.Read(ref _bytesSinceSnapshot);

    /// <summary>The producers as they are now, with batches that are not yet durable: it may be named only once everything below the end is published.</summary>
    public ProducerImage EncodeProducers(long nowMs)
    {
        lock (_gate)
        {
            _producers.RemoveExpired(nowMs);
            return new ProducerImage(_producers.EncodeSnapshot(), _producers.CoveredEnd, _producers.Count, _bytesSinceSnapshot);
        }
    }

    /// <summary>A snapshot stands that holds what these bytes say of producers.</summary>
    public void OnSnapshot(long bytes)
    {
        lock (_gate) _bytesSinceSnapshot -= bytes;
    }

    public AppendStatus Append(ReadOnlySpan<byte> batch, in BatchVerdict verdict, long nowMs, IAppendCompletion completion, int token)
    {
        var pending = Prepare(completion, token, verdict.Change == HeaderChange.AppendTime ? verdict.MaxTimestamp : -1);
        Beginning beginning;
        lock (_gate) beginning = Begin(verdict, nowMs, pending);
        if (!beginning.IsPlaced) return Settle(beginning, pending);

        // From here to Filled nothing may fail: the block cannot be written without it. All lengths were checked.
        var destination = beginning.Place.Destination;
        batch[..verdict.BatchBytes].CopyTo(destination);
        RecordBatchPatch.Place(destination, beginning.BaseOffset, _epoch);
        var crc = verdict.Apply(destination);
        beginning.Place.Filled(FrameChecksum(destination, crc));
        return AppendStatus.Begun;
    }

    public AppendStatus AppendJournal(ReadOnlySpan<byte> changes, int count, IAppendCompletion completion, int token)
    {
        var pending = Prepare(completion, token, -1);
        Beginning beginning;
        lock (_gate) beginning = TakePlace(new FrameShape(FrameKind.Journal, count, changes.Length, -1), pending);
        if (!beginning.IsPlaced) return Settle(beginning, pending);

        changes.CopyTo(beginning.Place.Destination);
        beginning.Place.Filled(Crc32C.Hash(changes));
        return AppendStatus.Begun;
    }

    /// <summary>Durable: readers first, then the producer, so that a client that was answered reads what it wrote.</summary>
    public void OnPublished(Block block, int index, object? state)
    {
        _log.Publish(block, index);
        Answer(Leave((PendingAppend)state!), ErrorCode.None, null);
    }

    /// <summary>The first loss ends the handle: nothing may succeed around it. What was in flight is lost with it, frame by frame.</summary>
    public void OnLost(LaneEnd end, bool mayBeStored, object? state)
    {
        var error = ErrorOf(end);
        _handle.Close(error);

        // Clients take the codes of a refusal for a promise that the batch is not in the log: librdkafka sends it again whatever its retries, and a plain
        // producer's would be there twice. This code leaves it in doubt, as the lane does.
        Answer(Leave((PendingAppend)state!), mayBeStored ? ErrorCode.RequestTimedOut : error, mayBeStored ? InDoubt : null);
    }

    /// <summary>
    /// What was not stored is refused with. A failed disk is the broker's fault and may pass (KAFKA_STORAGE_ERROR). A lane that was fenced or stopped has
    /// another owner or will have: look for it (NOT_LEADER_OR_FOLLOWER). Clients try both again.
    /// </summary>
    internal static ErrorCode ErrorOf(LaneEnd? end) =>
        end?.Cause is Storage.DiskException ? ErrorCode.KafkaStorageError : ErrorCode.NotLeaderOrFollower;

    /// <summary>The frame's checksum from the batch's own, which validation computed: only the 21 bytes before those that it covers are read again.</summary>
    internal static uint FrameChecksum(ReadOnlySpan<byte> batch, uint batchCrc) =>
        Crc32C.Combine(Crc32C.Hash(batch[..RecordBatchLayout.CrcStart]), batchCrc, batch.Length - RecordBatchLayout.CrcStart);

    // The producer's check belongs to the critical section: a batch is judged by those that got their offsets before it.
    private Beginning Begin(in BatchVerdict verdict, long nowMs, PendingAppend pending)
    {
        var producer = _producers.Check(verdict.Header, nowMs);

        // Rule W2: another broker may have taken batches of this producer while this one stood still, so that its sequence is not out of order at all.
        // What gets a place is answered when the lane has looked, and a duplicate of what is durable stays one whoever owns the partition.
        if (producer.Decision == ProducerDecision.Refuse && _parts.IsStalled()) return new Beginning { Error = ErrorCode.NotLeaderOrFollower };
        if (producer.Decision == ProducerDecision.Refuse) return new Beginning { Error = producer.Error, Message = producer.Message };
        if (producer.Decision == ProducerDecision.Duplicate) return Follow(producer.Original, pending);

        var beginning = TakePlace(new FrameShape(FrameKind.Records, verdict.Header.LastOffsetDelta + 1, verdict.BatchBytes, verdict.MaxTimestamp), pending);
        if (!beginning.IsPlaced) return beginning;

        _producers.Append(verdict.Header, beginning.BaseOffset, verdict.MaxTimestamp, nowMs);
        _bytesSinceSnapshot += verdict.BatchBytes;
        return beginning;
    }

    // A duplicate is answered as its original is. While that one is on its way, it is in the list; if it is not there, it is durable.
    private Beginning Follow(in AppendedBatch original, PendingAppend duplicate)
    {
        duplicate.BaseOffset = new Offset(original.BaseOffset);

        // Whoever set it: Kafka tells the time of the batch that is stored, and clients show it as the record's.
        duplicate.LogAppendTimeMs = original.Timestamp;
        if (_log.Closed != ErrorCode.None) return new Beginning { Error = _log.Closed };
        for (var pending = _oldest; pending is not null; pending = pending.Next)
        {
            if (pending.BaseOffset.Value != original.BaseOffset) continue;
            duplicate.Next = pending.Duplicates;
            pending.Duplicates = duplicate;
            return new Beginning { IsFollowing = true };
        }

        return new Beginning { IsDurable = true };
    }

    // Rule B2: offset and place in the lane are one critical section, so that of two frames the lower offset never stands in the later place.
    private Beginning TakePlace(in FrameShape shape, PendingAppend pending)
    {
        if (_log.Closed is var closed && closed != ErrorCode.None) return new Beginning { Error = closed };

        var baseOffset = new Offset(_nextOffset);
        var request = new FrameRequest
        {
            Partition = _place,
            Epoch = _epoch,
            BaseOffset = baseOffset,
            LastOffset = baseOffset + (shape.Offsets - 1),
            MaxTimestampMs = shape.MaxTimestampMs,
            Length = shape.Bytes,
            Kind = shape.Kind,
            Owner = this,
            State = pending,
            LatencyClass = _handle.Settings.LatencyClass,
        };
        var status = _lane.TryEnqueue(request, out var place);
        if (status != EnqueueStatus.Accepted) return new Beginning { Status = status };

        // Before the gate opens: the lane may end at once, and OnLost must find the append in the list.
        pending.BaseOffset = baseOffset;
        if (_newest is null) _oldest = pending;
        else _newest.Next = pending;
        _newest = pending;
        Volatile.Write(ref _nextOffset, baseOffset.Value + shape.Offsets);
        return new Beginning { IsPlaced = true, BaseOffset = baseOffset, Place = place };
    }

    private PendingAppend Prepare(IAppendCompletion completion, int token, long logAppendTimeMs)
    {
        var pending = _parts.Appends.Take();
        pending.Completion = completion;
        pending.Token = token;
        pending.LogAppendTimeMs = logAppendTimeMs;
        return pending;
    }

    // What got no place: answered now, outside the gate, unless it is to be tried again or waits for its original.
    private AppendStatus Settle(in Beginning beginning, PendingAppend pending)
    {
        if (beginning.IsFollowing) return AppendStatus.Begun;
        if (beginning.IsDurable)
        {
            AnswerOne(pending, ErrorCode.None, null);
            return AppendStatus.Begun;
        }

        var (completion, token) = (pending.Completion!, pending.Token);
        _parts.Appends.Return(pending);
        if (beginning.Status == EnqueueStatus.Full) return AppendStatus.Full;

        var error = beginning.Status switch
        {
            EnqueueStatus.Accepted => beginning.Error,
            EnqueueStatus.NoSpace => ErrorCode.KafkaStorageError,
            _ => CloseFor(beginning.Status),
        };
        completion.OnAppended(token, Refusal(error, beginning.Status == EnqueueStatus.NoSpace ? "The disk is full." : beginning.Message));
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

    private void Answer(PendingAppend pending, ErrorCode error, string? message)
    {
        for (var duplicate = pending.Duplicates; duplicate is not null;)
        {
            var next = duplicate.Next;
            AnswerOne(duplicate, error, message);
            duplicate = next;
        }

        AnswerOne(pending, error, message);
    }

    private void AnswerOne(PendingAppend pending, ErrorCode error, string? message)
    {
        var outcome = error == ErrorCode.None ? Success(pending.BaseOffset, pending.LogAppendTimeMs) : Refusal(error, message);
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
    private readonly record struct FrameShape(FrameKind Kind, int Offsets, int Bytes, long MaxTimestampMs);

    /// <summary>How an append began: with a place, behind its original, as a duplicate of something durable; or not, for the lane's reason or with an error.</summary>
    private readonly struct Beginning
    {
        public bool IsPlaced { get; init; }

        public bool IsFollowing { get; init; }

        public bool IsDurable { get; init; }

        public Offset BaseOffset { get; init; }

        public FramePlace Place { get; init; }

        /// <summary>Accepted also where the lane was not asked.</summary>
        public EnqueueStatus Status { get; init; }

        public ErrorCode Error { get; init; }

        public string? Message { get; init; }
    }
}
