namespace OrleansStream.Coordination.Groups.Memory;

/// <summary>
/// The bytes that all groups of a broker may occupy together. A group takes what it needs before it grows, and gives back what it does not hold any more.
/// The only thing that groups share; any number of them may use it at once.
/// </summary>
/// <param name="maxBytes">See <see cref="GroupOptions.MaxBytes"/>.</param>
public sealed class GroupBudget(long maxBytes)
{
    private long _groups;
    private long _members;
    private long _offsets;
    private long _bytes;

    public long MaxBytes => maxBytes;

    /// <summary>What all groups hold now. Above <see cref="MaxBytes"/> only by what journals had when they were read: that is never refused.</summary>
    public GroupSize Held => new(Volatile.Read(ref _groups), Volatile.Read(ref _members), Volatile.Read(ref _offsets), Volatile.Read(ref _bytes));

    /// <summary>Takes bytes if there is room for them.</summary>
    internal bool TryTake(long bytes)
    {
        var before = Volatile.Read(ref _bytes);
        while (bytes <= maxBytes - before)
        {
            var seen = Interlocked.CompareExchange(ref _bytes, before + bytes, before);
            if (seen == before)
            {
                return true;
            }

            before = seen;
        }

        return false;
    }

    /// <summary>Notes a change of what a group holds, whether there is room for it or not.</summary>
    internal void Add(GroupSize change)
    {
        Interlocked.Add(ref _groups, change.Groups);
        Interlocked.Add(ref _members, change.Members);
        Interlocked.Add(ref _offsets, change.Offsets);
        Interlocked.Add(ref _bytes, change.Bytes);
    }
}
