using System.Diagnostics.CodeAnalysis;

namespace OrleansStream.Abstractions.Groups;

/// <summary>An answer, or the ticket of one that comes later on this broker: wait for it with <see cref="TicketBoard.WaitAsync{T}"/>.</summary>
[GenerateSerializer, Immutable, Alias("os.Parkable`1")]
public sealed record Parkable<T>(T? Answer, long Ticket)
    where T : class
{
    [MemberNotNullWhen(false, nameof(Answer))]
    public bool IsParked => Answer is null;
}
