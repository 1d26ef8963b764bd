namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>What the owner has to do after it called a group: append the writes, in order, and complete the tickets. The two are independent: an answer that must wait for a write is not here before that write is reported.</summary>
public sealed record GroupEffects
{
    public static GroupEffects None { get; } = new();

    public IReadOnlyList<JournalWrite> Writes { get; init; } = [];

    public IReadOnlyList<TicketCompletion> Completions { get; init; } = [];

    public IReadOnlyList<GroupEvent> Events { get; init; } = [];
}
