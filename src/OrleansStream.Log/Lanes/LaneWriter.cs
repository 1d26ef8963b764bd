using System.Runtime.InteropServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Lanes;

/// <summary>The writing half of a lane: decides what is sealed, gives headers, writes and hands over to the publisher. One thread calls it, but for the few methods under the gate.</summary>
internal sealed class LaneWriter(Lane lane, LaneSetup setup, LaneIntake intake, LanePublisher publisher)
{
    /// <summary>The deadline of a frame that waits for no company.</summary>
    public const long AtOnce = long.MinValue;

    // What the writer waits for: a frame or block due before this time wakes it. While it waits for a place to be filled nothing but that does.
    private const long OnlyFills = long.MinValue;

    private readonly List<LaneBlock> _batch = [];

    // Null for a store whose Write returns when its blocks may be acknowledged.
    private readonly LaneFlight? _flight = setup.Store is IPipelinedLaneStore pipelined ? new LaneFlight(pipelined, setup) : null;
    private readonly long _earliness = LanePace.EarlinessIn(setup.Time);
    private readonly ulong _sessionHash = setup.Session.Hash;
    private uint _previousChecksum;
    private Slot _writtenEnd;
    private Slot _begunEnd;
    private Slot _recordedEnd;
    private long _lastBlockAt = setup.Time.GetTimestamp();
    private bool _mayHurry;
    private bool _isStopping;
    private bool _isWaiting;
    private long _wakeAt;
    private bool _isDone;

    public bool IsDone => Volatile.Read(ref _isDone);

    public TimeSpan Pause { get; private set; }

    // What is in flight needs no such record: its store finds the end of a session by other means.
    private bool HasUnrecordedEnd => _flight is null && Slot.Min(setup.Store.DurableEnd, _writtenEnd) > _recordedEnd;

    private bool HasRoom => _flight is not { Room: 0 };

    /// <summary>Under the gate: whether the caller must wake the writer for something that is due at this time, or because a block is sealed.</summary>
    public bool TryClaimWake(long deadline)
    {
        if (!_isWaiting || _wakeAt == OnlyFills || (deadline >= _wakeAt && !intake.HasSealed)) return false;

        _isWaiting = false;
        return true;
    }

    /// <summary>Under the gate: a sealed block has all its frames.</summary>
    public bool TryClaimWakeForFilled()
    {
        var wakes = _isWaiting;
        _isWaiting = false;
        return wakes;
    }

    /// <summary>Under the gate: what is open is due now.</summary>
    public void Hurry() => _mayHurry = true;

    /// <summary>Under the gate: write everything, then end.</summary>
    public void Stop() => _isStopping = true;

    public bool WriteSealed()
    {
        if (IsDone) return false;
        if (lane.RequestedEnd is { } requested) return Fail(requested);

        TimeSpan storeWait;
        try
        {
            PublishLanded();
            if (Collect(setup.Time.GetTimestamp())) return Write();

            storeWait = setup.Store.Tend(isLast: _isStopping);
            if (_isStopping && Collect(setup.Time.GetTimestamp())) return Write(); // What was synced by that can now be said.
        }
        catch (Exception error)
        {
            return Fail(new LaneEnd(Describe(error), error));
        }

        return Rest(storeWait);
    }

    private bool Collect(long now)
    {
        _batch.Clear();
        lock (lane.Gate)
        {
            _isWaiting = false;

            // Without room what comes meanwhile goes with it.
            if (HasRoom)
            {
                if (_isStopping || _mayHurry || intake.OpenDeadline <= now + _earliness) intake.SealOpen(isFull: false);
                _mayHurry = false;
            }

            if (!intake.HasSealed && HasUnrecordedEnd && (_isStopping || now - _lastBlockAt >= ToTicks(setup.IdlePublication))) SayDurableEnd(now);
            intake.TakeFilled(_batch, setup.MaxWriteBytes, _flight?.Room ?? int.MaxValue);
        }

        return _batch.Count > 0;
    }

    // Where there is no room, it is asked for again after as long: the writer must not go round and round until there is some.
    private void SayDurableEnd(long now)
    {
        if (!intake.TrySealForDurableEnd(saysAll: setup.Store.DurableEnd >= _writtenEnd)) _lastBlockAt = now;
    }

    private bool Write()
    {
        var blocks = CollectionsMarshal.AsSpan(_batch);
        var durableEnd = setup.Store.DurableEnd;
        var hasFrames = false;
        foreach (var block in blocks)
        {
            hasFrames |= block.Count > 0;
            _previousChecksum = block.Finish(HeaderTemplate(durableEnd));
        }

        var started = setup.Time.GetTimestamp();
        _begunEnd = blocks[^1].Slot.Next; // Before it: whatever it throws, what it was given may stand.
        setup.Store.Write(blocks);

        // Rule B3: a success that comes after the end changes nothing.
        if (lane.RequestedEnd is { } requested) return Fail(requested);

        _recordedEnd = durableEnd;
        // An empty block needs no other one that says it is durable.
        if (hasFrames) _writtenEnd = blocks[^1].Slot.Next;
        _lastBlockAt = setup.Time.GetTimestamp();
        if (_flight is not null)
        {
            _flight.Begin(blocks, started);
            _batch.Clear();
            return true;
        }

        setup.Metrics?.Flushed(setup.Time, started, _lastBlockAt, blocks);
        publisher.Publish(blocks);
        _batch.Clear();
        return true;
    }

    private void PublishLanded()
    {
        if (_flight is null) return;
        var landed = _flight.TakeLanded();
        if (!landed.IsEmpty) publisher.Publish(landed);
    }

    private BlockHeader HeaderTemplate(Slot durableEnd) => new()
    {
        ClusterGeneration = setup.ClusterGeneration,
        SessionHash = _sessionHash,
        Slot = default,
        WriteNonce = (ulong)setup.Random.NextInt64(long.MinValue, long.MaxValue),
        PreviousChecksum = _previousChecksum,
        DurableEnd = durableEnd,
        TrimPoint = lane.TrimPoint,
        StoredBytes = 0,
        DirectoryPosition = 0,
        FrameCount = 0,
    };

    // Finds out, in one step with taking a seat, whether there is something to do after all: whoever comes later sees the writer waiting.
    private bool Rest(TimeSpan storeWait)
    {
        bool stops;
        lock (lane.Gate)
        {
            var isFilling = intake.HasSealed && !intake.HasFilled;
            stops = _isStopping && !intake.HasSealed && intake.OpenDeadline == long.MaxValue && storeWait == Timeout.InfiniteTimeSpan && _flight is null or { IsEmpty: true };
            if (!stops) Sit(isFilling, storeWait);
        }

        if (stops) Finish(new LaneEnd("The lane was stopped.", null));
        return false;
    }

    private void Sit(bool isFilling, TimeSpan storeWait)
    {
        var now = setup.Time.GetTimestamp();

        // Without room it waits for a landing alone, of which the store tells it.
        var waitsForRoom = !HasRoom;
        var due = isFilling || waitsForRoom ? long.MaxValue : intake.HasFilled ? AtOnce : intake.OpenDeadline;
        var from = now + _earliness;
        if (!isFilling && HasUnrecordedEnd && !_isStopping && _lastBlockAt + ToTicks(setup.IdlePublication) is var idle && idle < due) (due, from) = (idle, now);
        var ownWait = due == long.MaxValue ? Timeout.InfiniteTimeSpan : due <= from ? TimeSpan.Zero : ToTime(due - from);
        Pause = ownWait == Timeout.InfiniteTimeSpan ? storeWait : storeWait == Timeout.InfiniteTimeSpan || ownWait < storeWait ? ownWait : storeWait;
        _wakeAt = isFilling || waitsForRoom ? OnlyFills : due;
        _isWaiting = true;
    }

    // The lane ends here, in slot order: what is durable was handed to the publisher before, all else is lost.
    private bool Fail(LaneEnd end)
    {
        var nowhereFrom = TakeFlightFirst();
        lane.CloseIntake(_batch);
        publisher.Lose(CollectionsMarshal.AsSpan(_batch), end, nowhereFrom);
        _batch.Clear();
        Pause = Timeout.InfiniteTimeSpan;
        Volatile.Write(ref _isDone, true);
        return false;
    }

    // What is on its way lies below what was collected, which lies below what is still in the intake. From the slot returned on, nothing can stand anywhere.
    private Slot TakeFlightFirst()
    {
        if (_flight is null) return _begunEnd;
        LaneBlock[] collected = [.. _batch];
        _batch.Clear();
        var nowhereFrom = _flight.GiveUp(_batch);
        _batch.AddRange(collected);
        return nowhereFrom;
    }

    private void Finish(LaneEnd end) => Fail(end);

    private string Describe(Exception error) => _batch.Count == 0
        ? $"Session {setup.Session} could not keep its store: {error.Message}"
        : $"Session {setup.Session} could not write slots {_batch[0].Slot} to {_batch[^1].Slot}: {error.Message}";

    private long ToTicks(TimeSpan time) => (long)(time.TotalSeconds * setup.Time.TimestampFrequency);

    // Whole milliseconds, and not less than that: threads wait no finer, and one that wakes too early would go round and round until it is time.
    private TimeSpan ToTime(long ticks) => TimeSpan.FromMilliseconds(Math.Ceiling(1000d * ticks / setup.Time.TimestampFrequency));
}
