using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>Either an answer, or a ticket that a later <see cref="GroupEffects.Completions"/> completes with an answer of this type.</summary>
public readonly record struct Reply<TAnswer>
    where TAnswer : GroupAnswer
{
    internal Reply(TAnswer answer) => Answer = answer;

    internal Reply(GroupTicket ticket) => Ticket = ticket;

    public TAnswer? Answer { get; }

    /// <summary>Means something only while <see cref="IsParked"/>.</summary>
    public GroupTicket Ticket { get; }

    [MemberNotNullWhen(false, nameof(Answer))]
    public bool IsParked => Answer is null;
}
