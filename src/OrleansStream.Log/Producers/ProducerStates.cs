using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Records;

namespace OrleansStream.Log.Producers;

/// <summary>The idempotent producers of one partition: tells a batch that was sent again from a new one, and a gap from the next batch. No lock and no clock of its own: its partition's handle calls it inside the critical section that gives offsets.</summary>
/// <remarks>
/// It runs ahead of what is durable. A batch that was appended and then lost with its lane cannot be taken out again; the whole object is dropped with the
/// handle, and the next owner builds one from a snapshot, deltas and the headers of the log.
/// </remarks>
internal sealed class ProducerStates(ProducerOptions options)
{
    private readonly Dictionary<long, ProducerState> _byId = [];
    private ProducerState? _oldest;
    private ProducerState? _newest;

    public int Count => _byId.Count;

    /// <summary>The end of the log as this object knows it: whatever lies below is taken into account.</summary>
    public Offset CoveredEnd { get; private set; }

    /// <summary>Judges a validated batch, before it gets an offset. Changes nothing.</summary>
    public ProducerVerdict Check(in RecordBatchHeader header, long nowMs)
    {
        // Of a producer that is unknown, or was forgotten, any sequence is the next one: there is nothing to compare it with.
        if (!header.HasProducerId || !_byId.TryGetValue(header.ProducerId, out var state) || IsExpired(state, nowMs)) return ProducerVerdict.Accept;
        if (header.ProducerEpoch == state.Epoch)
        {
            foreach (ref readonly var batch in state.Batches)
            {
                if (batch.BaseSequence == header.BaseSequence && batch.LastDelta == header.LastOffsetDelta) return ProducerVerdict.DuplicateOf(batch);
            }
        }

        if (header.ProducerEpoch < state.Epoch) return Fenced(header, state);
        if (state.Epoch < 0) return ProducerVerdict.Accept; // Kafka takes epoch -1 for "none", also from a client that sends it.

        var expected = header.ProducerEpoch > state.Epoch ? 0 : RecordBatchHeader.AddToSequence(state.LastBatch.LastSequence, 1);
        return header.BaseSequence == expected ? ProducerVerdict.Accept : OutOfOrder(header, expected);
    }

    /// <summary>Takes a batch into account that has its place in the log. Batches without a producer only move <see cref="CoveredEnd"/>.</summary>
    /// <param name="header">As validated; only its producer fields and its count are used.</param>
    /// <param name="baseOffset">Not below <see cref="CoveredEnd"/>.</param>
    /// <param name="timestampMs">The max timestamp that was stored.</param>
    /// <param name="nowMs">The broker's clock in milliseconds since 1970.</param>
    public void Append(in RecordBatchHeader header, Offset baseOffset, long timestampMs, long nowMs)
    {
        if (baseOffset < CoveredEnd) throw new ArgumentOutOfRangeException(nameof(baseOffset), $"Offset {baseOffset} lies below {CoveredEnd}, up to which the batches are known.");

        CoveredEnd = baseOffset + header.LastOffsetDelta + 1;

        // A control batch ends a transaction; it carries a producer's id, but no sequence.
        if (!header.HasProducerId || header.IsControl) return;
        var batch = new AppendedBatch(baseOffset.Value, header.BaseSequence, header.LastOffsetDelta, timestampMs);
        Add(header.ProducerId, header.ProducerEpoch, batch, nowMs);
    }

    /// <summary>Takes a batch into account that was found in the log, with the offset and timestamp in its header. Batches below <see cref="CoveredEnd"/> are known and skipped.</summary>
    /// <param name="header">From a verified block or segment, in the order of offsets.</param>
    /// <param name="nowMs">Counts as the time of the append: the log does not say when it was, and forgetting late is harmless.</param>
    public void Replay(in RecordBatchHeader header, long nowMs)
    {
        if (header.LastOffset >= CoveredEnd.Value) Append(header, new Offset(header.BaseOffset), header.MaxTimestamp, nowMs);
    }

    /// <summary>Forgets the producers whose time is up, and says how many. Costs nothing if there are none.</summary>
    public int RemoveExpired(long nowMs)
    {
        var before = Count;
        while (_oldest is not null && IsExpired(_oldest, nowMs)) Remove(_oldest);
        return before - Count;
    }

    /// <summary>The snapshot of all producers, to be named in a manifest with <see cref="CoveredEnd"/>: docs/formats/producer-snapshot.md.</summary>
    public byte[] EncodeSnapshot() => EncodeDelta(Offset.Zero);

    /// <summary>What changed with the batches from <paramref name="from"/> on: the producers that appended there.</summary>
    public byte[] EncodeDelta(Offset from)
    {
        // The newest are together at one end of the chain, so that a delta costs what it holds.
        var first = _newest;
        var count = 0;
        for (var state = _newest; state is not null && state.LastBatch.LastOffset >= from.Value; state = state.Older, count++) first = state;
        return ProducerSnapshot.Encode(from, CoveredEnd, count == 0 ? null : first, count);
    }

    /// <summary>Goes on from a snapshot or delta: all of it, or nothing if it is damaged or does not follow on what is known.</summary>
    /// <param name="encoded">What <see cref="EncodeSnapshot"/> or <see cref="EncodeDelta"/> gave.</param>
    /// <param name="fault">What is wrong with it; null on success.</param>
    public bool TryApply(ReadOnlySpan<byte> encoded, out string? fault)
    {
        if (!ProducerSnapshot.TryOpen(encoded, out var snapshot, out fault)) return false;
        if (snapshot.From > CoveredEnd)
        {
            fault = $"The snapshot begins at offset {snapshot.From}; known is the log up to {CoveredEnd} only.";
            return false;
        }

        var known = CoveredEnd.Value;
        while (snapshot.TryReadProducer(out var producer))
        {
            // A delta may repeat batches that are known, since it holds each producer's whole window.
            while (snapshot.TryReadBatch(out var batch))
            {
                if (batch.LastOffset >= known) Add(producer.Id, producer.Epoch, batch, producer.LastAppendMs);
            }
        }

        CoveredEnd = Offset.Max(CoveredEnd, snapshot.End);
        return true;
    }

    /// <summary>Takes into account what was gathered of frames that reach up to <paramref name="end"/>, where those below <see cref="CoveredEnd"/> are known.</summary>
    /// <param name="delta">Of at least all frames between the two; what it has of others is passed over.</param>
    /// <param name="end">The offset after the last of the frames.</param>
    /// <param name="nowMs">Counts as the time of the appends, as for <see cref="Replay"/>.</param>
    public void Apply(ProducerDelta delta, Offset end, long nowMs)
    {
        if (end <= CoveredEnd) return;

        var known = CoveredEnd.Value;
        foreach (var state in delta.InOrder())
        {
            foreach (ref readonly var batch in state.Batches)
            {
                if (batch.LastOffset >= known && batch.LastOffset < end.Value) Add(state.Id, state.Epoch, batch, nowMs);
            }
        }

        CoveredEnd = end;
    }

    private static ProducerVerdict Fenced(in RecordBatchHeader header, ProducerState state) => ProducerVerdict.Refuse(
        ErrorCode.InvalidProducerEpoch,
        $"Producer {header.ProducerId} sent epoch {header.ProducerEpoch}; its epoch here is {state.Epoch}.");

    private static ProducerVerdict OutOfOrder(in RecordBatchHeader header, int expected) => ProducerVerdict.Refuse(
        ErrorCode.OutOfOrderSequenceNumber,
        $"Producer {header.ProducerId} sent sequence {header.BaseSequence} in epoch {header.ProducerEpoch}; {expected} comes next.");

    private bool IsExpired(ProducerState state, long nowMs) => nowMs - state.LastAppendMs >= options.IdExpirationMs;

    private void Add(long id, short epoch, in AppendedBatch batch, long nowMs)
    {
        if (_byId.TryGetValue(id, out var state))
        {
            Unlink(state);
        }
        else
        {
            if (Count >= options.MaxPerPartition) Remove(_oldest!);
            _byId[id] = state = new ProducerState(id);
        }

        state.Add(epoch, batch, nowMs);
        (state.Older, state.Newer) = (_newest, null);
        if (_newest is null) _oldest = state;
        else _newest.Newer = state;
        _newest = state;
    }

    private void Remove(ProducerState state)
    {
        Unlink(state);
        _byId.Remove(state.Id);
    }

    private void Unlink(ProducerState state)
    {
        if (state.Older is null) _oldest = state.Newer;
        else state.Older.Newer = state.Newer;
        if (state.Newer is null) _newest = state.Older;
        else state.Newer.Older = state.Older;
    }
}
