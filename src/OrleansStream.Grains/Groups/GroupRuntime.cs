using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Log.Serving;

namespace OrleansStream.Grains.Groups;

/// <summary>
/// A group at work: the state machine, with the journal that its changes go to, the tickets that its answers come by and the one deadline that it
/// waits for. Every call of the state machine is made under one lock, so grain, journal and clock may all come at once.
/// </summary>
internal sealed class GroupRuntime : Deadline
{
    private readonly Lock _gate = new();
    private readonly ConsumerGroup _group;
    private readonly GroupJournal _home;
    private readonly GroupParts _parts;
    private readonly Dictionary<GroupTicket, long> _tickets = [];
    private DateTimeOffset? _armed;
    private bool _retired;

    /// <param name="group">With all that the journal says of it replayed.</param>
    /// <param name="home">Where its changes go.</param>
    /// <param name="parts">What all groups share.</param>
    public GroupRuntime(ConsumerGroup group, GroupJournal home, GroupParts parts)
    {
        _group = group;
        _home = home;
        _parts = parts;
        lock (_gate)
        {
            group.OnLoaded(parts.Now);
            Settle();
        }
    }

    public string GroupId => _group.GroupId;

    /// <summary>Asks something that changes nothing.</summary>
    public T Query<T>(Func<ConsumerGroup, T> question)
    {
        lock (_gate)
        {
            return question(_group);
        }
    }

    /// <summary>Does something whose answer is there at once.</summary>
    public T Call<TState, T>(TState state, Func<ConsumerGroup, TState, DateTimeOffset, T> action)
    {
        lock (_gate)
        {
            RefuseIfRetired();
            var answer = action(_group, state, _parts.Now);
            Settle();
            return answer;
        }
    }

    /// <summary>Does something whose answer may come later, by a ticket of the board.</summary>
    public Parkable<TDto> Ask<TState, TAnswer, TDto>(TState state, Func<ConsumerGroup, TState, DateTimeOffset, Reply<TAnswer>> action, Func<TAnswer, TDto> map)
        where TAnswer : GroupAnswer
        where TDto : class
    {
        lock (_gate)
        {
            RefuseIfRetired();
            var reply = action(_group, state, _parts.Now);
            if (!reply.IsParked)
            {
                Settle();
                return new Parkable<TDto>(map(reply.Answer), 0);
            }

            // On the board before the effects are looked at: they may complete it already.
            var ticket = _parts.Tickets.Open();
            _tickets[reply.Ticket] = ticket;
            Settle();
            return new Parkable<TDto>(null, ticket);
        }
    }

    /// <summary>Ends the group here; whoever waits hears the code. Nobody waits for one that has retired.</summary>
    public void Close(ErrorCode error)
    {
        lock (_gate)
        {
            _group.Close(error);
            Settle();
        }
    }

    /// <summary>Ends the object if its call left nothing behind: asking for a group that does not exist must not cost memory.</summary>
    public void RetireIfNothingIsLeft() => _home.Retire(this);

    /// <summary>Whether there is such a group, or was and its end is not durable yet.</summary>
    public bool Exists => Query(static group => group.State != GroupState.Dead || group.WritesInFlight > 0);

    /// <summary>Ends the object if nothing of the group is left. Whoever holds it still is refused with <see cref="GroupRetiredException"/> and asks for a new one.</summary>
    public bool TryRetire()
    {
        lock (_gate)
        {
            return _retired |= _group.State == GroupState.Dead && _group.WritesInFlight == 0 && _group.NextDeadline is null && _tickets.Count == 0;
        }
    }

    protected override void OnDeadline()
    {
        lock (_gate)
        {
            _armed = null;
            _group.OnTimer(_parts.Now);
            Settle();
        }
    }

    // Under the lock: writes must reach the journal in their order. Appending does not wait.
    private void Settle()
    {
        var effects = _group.TakeEffects();
        foreach (var write in effects.Writes)
        {
            _home.Track(PersistAsync(write, _home.AppendAsync(Encode(write))));
        }

        foreach (var completion in effects.Completions)
        {
            if (_tickets.Remove(completion.Ticket, out var ticket))
            {
                _parts.Tickets.Complete(ticket, GroupMessages.ToDto(completion.Answer));
            }
        }

        _parts.Metrics.Count(effects.Events);
        Arm();
    }

    private void RefuseIfRetired()
    {
        if (_retired)
        {
            throw new GroupRetiredException();
        }
    }

    private async Task PersistAsync(JournalWrite write, Task<AppendOutcome> appended)
    {
        // Never on the caller's stack, which holds this group's lock: what follows may take the locks of others.
        var outcome = await appended.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        lock (_gate)
        {
            if (outcome.Error == ErrorCode.None)
            {
                _group.OnPersisted(write.Sequence, _parts.Now);
            }
            else
            {
                _group.OnPersistFailed(write.Sequence, outcome.Error, _parts.Now);
            }

            Settle();
        }

        _home.OnSettled(this);
    }

    private List<ReadOnlyMemory<byte>> Encode(JournalWrite write)
    {
        var changes = new List<ReadOnlyMemory<byte>>(write.Changes.Count);
        foreach (var change in write.Changes)
        {
            changes.Add(GroupJournalCodec.Encode(GroupId, change));
        }

        return changes;
    }

    private void Arm()
    {
        var next = _group.NextDeadline;
        if (next == _armed)
        {
            return;
        }

        _parts.Deadlines.Remove(this);
        _armed = next;
        if (next is { } due)
        {
            _parts.Deadlines.Add(this, due - _parts.Now);
        }
    }
}
