namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>Stands for an answer that comes later. Unique in the life of one <see cref="ConsumerGroup"/> object, and completed exactly once.</summary>
public readonly record struct GroupTicket(long Value);

/// <summary>The answer that a ticket stood for.</summary>
public readonly record struct TicketCompletion(GroupTicket Ticket, GroupAnswer Answer);
