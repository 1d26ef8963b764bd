namespace OrleansStream.Log.Serving;

/// <summary>Something that a <see cref="DeadlineWheel"/> may end. Carries its own links, so that waiting allocates nothing; it stands in one wheel at a time.</summary>
public abstract class Deadline
{
    /// <summary>When it is due, in ticks of its wheel. Guarded by the wheel's lock, like all that follows.</summary>
    internal long DueTick { get; set; }

    /// <summary>The list of its wheel that it stands in; -1 while it stands in none.</summary>
    internal int List { get; set; } = -1;

    internal Deadline? Next { get; set; }

    internal Deadline? Previous { get; set; }

    /// <summary>Called once, on the timer's thread, when the time is up; must not block or throw.</summary>
    protected internal abstract void OnDeadline();
}
