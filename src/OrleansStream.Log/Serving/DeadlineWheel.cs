using System.Numerics;

namespace OrleansStream.Log.Serving;

/// <summary>
/// The deadlines of a broker over one timer: adding and removing one costs the same however many there are. The timer stands still while nothing
/// is due, so a thousand waiting fetches cost no CPU until one of them has waited long enough. Safe for any number of callers.
/// </summary>
public sealed class DeadlineWheel : IDisposable
{
    // 1,024 slots of 5 ms turn once in 5 s: longer than nearly every wait, so that entries are seldom looked at before they are due.
    private const int SlotCount = 1024;

    // Behind the slots, one list of those whose time is up and whose call has not begun: they can still be removed.
    private const int DueList = SlotCount;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _tick;
    private readonly long _start;
    private readonly ITimer _timer;
    private readonly Action<Exception>? _onFailed;
    private readonly Deadline?[] _lists = new Deadline?[SlotCount + 1];
    private readonly ulong[] _occupied = new ulong[SlotCount / 64];
    private long _processedTick;
    private long _armedTick = long.MaxValue;
    private int _count;
    private bool _disposed;

    /// <param name="time">The clock and the timer.</param>
    /// <param name="tick">How exact deadlines are: they come up to this much late, never early. 1 ms or more; 5 ms unless set.</param>
    /// <param name="onFailed">Told of deadlines that threw where they must not; the others come all the same. From the timer's thread; must not throw.</param>
    public DeadlineWheel(TimeProvider time, TimeSpan? tick = null, Action<Exception>? onFailed = null)
    {
        _onFailed = onFailed;
        _tick = tick ?? TimeSpan.FromMilliseconds(5);
        ArgumentOutOfRangeException.ThrowIfLessThan(_tick, TimeSpan.FromMilliseconds(1), nameof(tick));
        _time = time;
        _start = time.GetTimestamp();
        _timer = time.CreateTimer(static wheel => ((DeadlineWheel)wheel!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Deadlines that stand in the wheel.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds a deadline that stands in no wheel.</summary>
    /// <param name="deadline">What to end.</param>
    /// <param name="after">How long from now; zero and less is the next tick.</param>
    public void Add(Deadline deadline, TimeSpan after)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (deadline.List >= 0) throw new InvalidOperationException("The deadline stands in a wheel already.");

            // Rounded up, so that nothing ends early. An empty wheel has slept: what it did not count then is no tick that anybody waited for.
            var due = TicksOf(_time.GetElapsedTime(_start) + (after > TimeSpan.Zero ? after : TimeSpan.Zero)) + 1;
            if (_count == 0) _processedTick = Math.Max(_processedTick, TicksOf(_time.GetElapsedTime(_start)));
            deadline.DueTick = Math.Max(due, _processedTick + 1);
            Link(deadline, (int)(deadline.DueTick % SlotCount));
            if (deadline.DueTick < _armedTick) Arm(deadline.DueTick);
        }
    }

    /// <summary>Takes a deadline out. False if it stands in no wheel: it was removed, or its call has begun.</summary>
    public bool Remove(Deadline deadline)
    {
        lock (_gate)
        {
            if (deadline.List < 0) return false;
            Unlink(deadline);
            return true;
        }
    }

    /// <summary>Stops the timer. Deadlines that still stand in the wheel never come.</summary>
    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _timer.Dispose();
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_disposed) return;
            CollectDue();
        }

        // One at a time: each may remove another one, or be added again by its owner while the rest waits here.
        while (TakeDue() is { } deadline) Call(deadline);
    }

    // An exception on a timer's thread would end the process, and the deadlines behind this one would wait for another tick.
    private void Call(Deadline deadline)
    {
        try
        {
            deadline.OnDeadline();
        }
        catch (Exception error)
        {
            // Whoever is called while the broker stops finds the wheel disposed when it wants to be called again.
            if (!Volatile.Read(ref _disposed)) _onFailed?.Invoke(error);
        }
    }

    private Deadline? TakeDue()
    {
        lock (_gate)
        {
            if (_lists[DueList] is not { } deadline || _disposed) return null;
            Unlink(deadline);
            return deadline;
        }
    }

    private void CollectDue()
    {
        var now = TicksOf(_time.GetElapsedTime(_start));
        var turns = Math.Min(now - _processedTick, SlotCount);
        for (var tick = now - turns + 1; tick <= now; tick++) CollectDue((int)(tick % SlotCount), now);
        _processedTick = Math.Max(_processedTick, now);
        _armedTick = long.MaxValue;
        var next = NextOccupiedTick();
        if (next != long.MaxValue) Arm(next);
    }

    private void CollectDue(int slot, long now)
    {
        for (var deadline = _lists[slot]; deadline is not null;)
        {
            var next = deadline.Next;
            if (deadline.DueTick <= now)
            {
                Unlink(deadline);
                Link(deadline, DueList);
            }

            deadline = next;
        }
    }

    // The first tick whose slot holds anything. What stands there may be due a turn later; then the timer runs once for nothing.
    private long NextOccupiedTick()
    {
        var first = _processedTick + 1;
        var slot = (int)(first % SlotCount);
        for (var step = 0; step <= _occupied.Length; step++)
        {
            var word = _occupied[((slot / 64) + step) % _occupied.Length];
            if (step == 0) word &= ulong.MaxValue << (slot % 64);
            if (word == 0) continue;
            var found = ((((slot / 64) + step) % _occupied.Length) * 64) + BitOperations.TrailingZeroCount(word);
            return first + ((found - slot + SlotCount) % SlotCount);
        }

        return long.MaxValue;
    }

    private void Arm(long tick)
    {
        // Timers count whole milliseconds and cut the rest off: rounded up, or the last fraction would be spent spinning.
        _armedTick = tick;
        var wait = TimeSpan.FromTicks(tick * _tick.Ticks) - _time.GetElapsedTime(_start);
        _timer.Change(wait > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)) : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Link(Deadline deadline, int list)
    {
        deadline.List = list;
        deadline.Next = _lists[list];
        if (deadline.Next is not null) deadline.Next.Previous = deadline;
        _lists[list] = deadline;
        if (list != DueList) _occupied[list / 64] |= 1UL << (list % 64);
        _count++;
    }

    private void Unlink(Deadline deadline)
    {
        var list = deadline.List;
        if (deadline.Previous is null) _lists[list] = deadline.Next;
        else deadline.Previous.Next = deadline.Next;
        if (deadline.Next is not null) deadline.Next.Previous = deadline.Previous;
        if (list != DueList && _lists[list] is null) _occupied[list / 64] &= ~(1UL << (list % 64));
        deadline.Next = null;
        deadline.Previous = null;
        deadline.List = -1;
        _count--;
    }

    private long TicksOf(TimeSpan elapsed) => elapsed.Ticks / _tick.Ticks;
}
