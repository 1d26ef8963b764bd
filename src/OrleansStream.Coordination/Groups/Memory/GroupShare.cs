namespace OrleansStream.Coordination.Groups.Memory;

/// <summary>
/// One group's part of the budget. A rule that lets the group grow asks for the room first; what the group really holds is settled when its owner takes the
/// effects, so no rule has to give anything back, and what a load brought is counted then without a question.
/// </summary>
/// <param name="budget">Of the broker.</param>
/// <param name="held">What the group holds at the moment, without adding it up anew.</param>
internal sealed class GroupShare(GroupBudget budget, Func<GroupSize> held)
{
    private GroupSize _counted;

    /// <summary>Takes room for so many bytes more than the group holds now; one who needs none is never refused, however full the budget is.</summary>
    public bool TryGrow(long bytes)
    {
        var missing = bytes <= 0 ? 0 : held().Bytes + bytes - _counted.Bytes;
        if (missing > 0 && !budget.TryTake(missing))
        {
            return false;
        }

        _counted = missing > 0 ? _counted with { Bytes = _counted.Bytes + missing } : _counted;
        return true;
    }

    public void Settle() => CountAs(held());

    /// <summary>The group ends here: all of it is given back.</summary>
    public void GiveBack() => CountAs(default);

    private void CountAs(GroupSize now)
    {
        if (now != _counted)
        {
            budget.Add(now - _counted);
            _counted = now;
        }
    }
}
