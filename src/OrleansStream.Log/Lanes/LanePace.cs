using OrleansStream.Log.Economy;

namespace OrleansStream.Log.Lanes;

/// <summary>
/// When a lane's open block is due. Two blocks are due at least as far apart as the shortest linger among the frames of the later one: a frame that finds the
/// lane idle goes at once, and however many come, a class costs one write in its linger. Lingers are stretched while the write budget is short, and while the
/// service asks for less. Every call but <see cref="LingerOf"/> is made under the gate of rule B2.
/// </summary>
internal sealed class LanePace
{
    private static readonly LatencyClass[] Classes = Enum.GetValues<LatencyClass>();

    private readonly LaneSetup _setup;
    private readonly IPipelinedLaneStore? _store;
    private readonly long _earliness;
    private readonly long[] _lingerTicks = new long[Classes.Length];
    private long _from = LaneWriter.AtOnce / 2; // So long ago that nobody waits for it, and with room for a linger behind it.
    private long _throttled;
    private double _widening = 1;

    public LanePace(LaneSetup setup)
    {
        _setup = setup;
        _store = setup.Store as IPipelinedLaneStore;
        _earliness = EarlinessIn(setup.Time);

        // A service may ask any lane for less; a disk never does.
        IsPaced = setup.Linger.IsAny || setup.Budget is not null || _store is not null;
    }

    /// <summary>Whether anything ever waits. If not, nothing is asked or kept here: a lane on files pays one comparison for a frame.</summary>
    public bool IsPaced { get; }

    /// <summary>When a frame of this class is due in the block that is open now; in the time provider's ticks, and past where it is due already.</summary>
    public long DeadlineOf(LatencyClass latencyClass) => IsPaced ? _from + _lingerTicks[(int)latencyClass] : LaneWriter.AtOnce;

    /// <summary>How long a frame of this class waits at the most as things stand, for people. Any thread may ask.</summary>
    public TimeSpan LingerOf(LatencyClass latencyClass) => Stretched(latencyClass, _setup.Budget?.Fill);

    /// <summary>How long before it is due a block may be sealed, in the provider's ticks: less than 1 ms, the grain in which threads wait, so that it is not late by what is left of one.</summary>
    public static long EarlinessIn(TimeProvider time) => (time.TimestampFrequency / 1_000) - 1;

    /// <summary>A block with frames was sealed: those of the next one wait from here on. From when it was due, if that is now as well as a thread can tell:
    /// what one block is early or late then moves none of the following ones, and blocks are as many as if all were sealed in time.</summary>
    /// <param name="deadline">When the block was due.</param>
    public void OnSealed(long deadline)
    {
        if (!IsPaced) return;

        var now = _setup.Time.GetTimestamp();
        _from = deadline >= now - _earliness && deadline <= now + _earliness ? deadline : now;
        Widen();
        var fill = _setup.Budget?.Fill;
        foreach (var latencyClass in Classes) _lingerTicks[(int)latencyClass] = (long)(Stretched(latencyClass, fill).TotalSeconds * _setup.Time.TimestampFrequency);
    }

    // With each block twice as wide while the service is too busy, and half as wide when it was not: as fast out of the way as back.
    private void Widen()
    {
        var throttled = _store?.Throttled ?? 0;
        Volatile.Write(ref _widening, throttled > _throttled ? Math.Min(_widening * 2, _setup.Linger.MaxStretch) : Math.Max(_widening / 2, 1));
        _throttled = throttled;
    }

    private TimeSpan Stretched(LatencyClass latencyClass, double? fill)
    {
        var saving = fill is { } left ? 1 + ((_setup.Linger.MaxStretch - 1) * WriteBudget.PressureOn(latencyClass, left)) : 1;
        return _setup.Linger.Of(latencyClass, Math.Max(saving, Volatile.Read(ref _widening)));
    }
}
