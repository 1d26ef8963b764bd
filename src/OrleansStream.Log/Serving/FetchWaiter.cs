using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Serving;

/// <summary>
/// A fetch that waits for bytes: one object, linked into the wait list of each of its partitions. It is woken at most once, by enough new bytes,
/// by anything that changes an answer (a closed handle, a new epoch, a moved log start), by its deadline or not at all after <see cref="Cancel"/>.
/// </summary>
/// <remarks>
/// Built, started and cancelled by one caller; wake-ups come from anywhere. After the wake-up the caller calls <see cref="Cancel"/> on its own thread,
/// since the dispatcher that wakes has no time to walk a thousand lists.
/// </remarks>
public sealed class FetchWaiter : Deadline
{
    // More bytes than any fetch wants: counting them ends the wait. Small enough to be counted for each of a million partitions.
    private const long Everything = 1L << 40;

    private const int Building = 0;
    private const int Waiting = 1;
    private const int Waking = 2;
    private const int Done = 3;

    private readonly Action<FetchWaiter> _onWake;
    private readonly List<WatchLink> _links = [];
    private DeadlineWheel? _wheel;
    private int _watched;
    private long _missing;
    private int _state;

    /// <param name="missingBytes">New bytes, over all its partitions, that wake it.</param>
    /// <param name="onWake">Called once, by the dispatcher, the timer or <see cref="Start()"/>; must not block or throw.</param>
    public FetchWaiter(long missingBytes, Action<FetchWaiter> onWake)
    {
        _missing = missingBytes;
        _onWake = onWake;
    }

    /// <summary>The next of those that one published frame woke. Written by whoever chose to wake this one, so never by two.</summary>
    internal FetchWaiter? NextWoken { get; set; }

    /// <summary>Whether its links have no business in a list any more.</summary>
    internal bool IsOver => Volatile.Read(ref _state) >= Waking;

    /// <summary>Waits for frames of this partition at or above the offset. Bytes that came since the caller looked are counted, so nothing is missed.</summary>
    /// <param name="handle">Where. Closed already, it wakes the waiter at <see cref="Start()"/>.</param>
    /// <param name="from">The offset after what the caller has seen or counted.</param>
    public void Watch(PartitionHandle handle, Offset from)
    {
        if (_watched == _links.Count) _links.Add(new WatchLink(this));
        handle.Published.Watch(_links[_watched++], from);
    }

    /// <summary>Begins to wait. Wakes at once if enough came while it was being built.</summary>
    public void Start()
    {
        // Publisher: take off bytes, then look at the state. Here: change the state, then look at the bytes. Both steps are full fences on both
        // sides, so at least one of the two sees that it is time, and the exchange in TryWake lets only one act.
        if (Interlocked.CompareExchange(ref _state, Waiting, Building) != Building) return;
        if (Volatile.Read(ref _missing) <= 0 && TryWake()) Wake();
    }

    /// <summary>Begins to wait, until the deadline at the latest.</summary>
    public void Start(DeadlineWheel wheel, TimeSpan longest)
    {
        if (Volatile.Read(ref _missing) > 0)
        {
            _wheel = wheel;
            wheel.Add(this, longest);
        }

        Start();
    }

    /// <summary>Takes it off every list; the wake-up does not come any more unless it is already under way. Safe to call twice.</summary>
    /// <returns>False if the wake-up has come, or is under way and will come.</returns>
    public bool Cancel()
    {
        var came = Interlocked.CompareExchange(ref _state, Done, Waiting);
        if (came == Building) Volatile.Write(ref _state, Done);
        _wheel?.Remove(this);
        _wheel = null;
        for (var index = 0; index < _watched; index++) _links[index].Leave();
        _watched = 0;
        return came <= Waiting;
    }

    /// <summary>Makes a cancelled waiter new, with the links that it has: a session that waits again and again allocates nothing.</summary>
    /// <param name="missingBytes">As in the constructor.</param>
    /// <returns>False if it was not cancelled, or its wake-up is still under way: take a new one.</returns>
    public bool TryReset(long missingBytes)
    {
        if (_watched > 0 || Volatile.Read(ref _state) != Done) return false;
        Volatile.Write(ref _missing, missingBytes);
        Volatile.Write(ref _state, Building);
        return true;
    }

    /// <summary>Counts new bytes. True if they were the last that were missing and the caller now must call <see cref="Wake"/>, outside its lock.</summary>
    internal bool Count(long bytes) => Interlocked.Add(ref _missing, -bytes) <= 0 && TryWake();

    /// <summary>Ends the wait, whatever came. True as in <see cref="Count"/>.</summary>
    internal bool CountEverything() => Count(Everything);

    internal void Wake()
    {
        // First: within the call the owner may cancel and reset it.
        Volatile.Write(ref _state, Done);
        _onWake(this);
    }

    protected internal override void OnDeadline()
    {
        if (CountEverything()) Wake();
    }

    private bool TryWake() => Interlocked.CompareExchange(ref _state, Waking, Waiting) == Waiting;
}
