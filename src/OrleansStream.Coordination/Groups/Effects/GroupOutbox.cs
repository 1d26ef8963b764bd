using System.Diagnostics;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>Tickets, answers and writes on their way out, and what waits for the journal. Writes take effect in their order, whatever order they are reported in.</summary>
internal sealed class GroupOutbox
{
    private readonly Dictionary<GroupTicket, Func<ErrorCode, GroupAnswer>> _open = [];
    private readonly Queue<PendingWrite> _inFlight = [];
    private List<JournalWrite> _writes = [];
    private List<TicketCompletion> _completions = [];
    private List<GroupEvent> _events = [];
    private long _lastTicket;
    private long _lastSequence;

    public int WritesInFlight => _inFlight.Count;

    /// <summary>What the writes in flight occupy.</summary>
    public long HeldBytes { get; private set; }

    /// <param name="onError">Makes the answer should the group close before there is another.</param>
    public GroupTicket NewTicket(Func<ErrorCode, GroupAnswer> onError)
    {
        var ticket = new GroupTicket(++_lastTicket);
        _open.Add(ticket, onError);
        return ticket;
    }

    public void Complete(GroupTicket ticket, GroupAnswer answer)
    {
        if (!_open.Remove(ticket))
        {
            throw new UnreachableException($"Ticket {ticket.Value} was completed before.");
        }

        _completions.Add(new TicketCompletion(ticket, answer));
    }

    /// <summary>The answer itself if it is there already, else the ticket.</summary>
    public Reply<TAnswer> ReplyFor<TAnswer>(GroupTicket ticket)
        where TAnswer : GroupAnswer
    {
        if (_open.ContainsKey(ticket))
        {
            return new Reply<TAnswer>(ticket);
        }

        var at = _completions.FindIndex(completion => completion.Ticket == ticket);
        var answer = (TAnswer)_completions[at].Answer;
        _completions.RemoveAt(at);
        return new Reply<TAnswer>(answer);
    }

    public void Say(GroupEventKind kind, string detail, int count = 0) => _events.Add(new GroupEvent(kind, detail, count));

    public void Write(IReadOnlyList<GroupChange> changes, Action whenDurable, Action<ErrorCode> whenFailed)
    {
        var write = new JournalWrite(++_lastSequence, changes);
        var pending = new PendingWrite(write, whenDurable, whenFailed);
        _inFlight.Enqueue(pending);
        HeldBytes += pending.HeldBytes;
        _writes.Add(write);
    }

    /// <summary>Notes the outcome of one write and lets take effect what is decided now.</summary>
    public void Report(long sequence, ErrorCode outcome, Action<GroupChange> apply)
    {
        var reported = _inFlight.FirstOrDefault(pending => pending.Write.Sequence == sequence);
        if (reported is null or { Outcome: not null })
        {
            throw new ArgumentOutOfRangeException(nameof(sequence), sequence, "No such write is in flight: each is reported once.");
        }

        reported.Outcome = outcome;
        while (_inFlight.TryPeek(out var first) && first.Outcome is { } decided)
        {
            _inFlight.Dequeue();
            HeldBytes -= first.HeldBytes;
            Settle(first, decided, apply);
        }
    }

    /// <summary>Answers every open ticket and forgets the writes: the journal decides alone what became of them.</summary>
    public void Close(ErrorCode error)
    {
        foreach (var (ticket, onError) in _open)
        {
            _completions.Add(new TicketCompletion(ticket, onError(error)));
        }

        _open.Clear();
        _inFlight.Clear();
        HeldBytes = 0;
        _writes.Clear();
    }

    public GroupEffects Take()
    {
        if (_writes.Count == 0 && _completions.Count == 0 && _events.Count == 0)
        {
            return GroupEffects.None;
        }

        var effects = new GroupEffects { Writes = _writes, Completions = _completions, Events = _events };
        (_writes, _completions, _events) = ([], [], []);
        return effects;
    }

    private void Settle(PendingWrite pending, ErrorCode outcome, Action<GroupChange> apply)
    {
        if (outcome != ErrorCode.None)
        {
            Say(GroupEventKind.JournalFailed, outcome.ToString());
            pending.WhenFailed(outcome);
            return;
        }

        foreach (var change in pending.Write.Changes)
        {
            apply(change);
        }

        pending.WhenDurable();
    }

    private sealed class PendingWrite(JournalWrite write, Action whenDurable, Action<ErrorCode> whenFailed)
    {
        public JournalWrite Write => write;

        public Action WhenDurable => whenDurable;

        public Action<ErrorCode> WhenFailed => whenFailed;

        public long HeldBytes { get; } = write.Changes.Sum(Memory.HeldBytes.OfChange);

        public ErrorCode? Outcome { get; set; }
    }
}
