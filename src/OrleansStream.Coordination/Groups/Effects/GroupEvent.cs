namespace OrleansStream.Coordination.Groups.Effects;

/// <summary>What happened, for metrics and the log; nothing depends on it.</summary>
public enum GroupEventKind
{
    RebalanceStarted,
    RebalanceCompleted,
    AssignmentStored,
    BecameEmpty,
    MemberExpired,
    MemberFenced,
    OffsetsExpired,
    GroupDeleted,
    JournalFailed,
}

/// <param name="Kind">What.</param>
/// <param name="Detail">Whom it befell or why, for people.</param>
/// <param name="Count">Members in the generation, offsets that expired; else 0.</param>
public readonly record struct GroupEvent(GroupEventKind Kind, string Detail, int Count = 0);
