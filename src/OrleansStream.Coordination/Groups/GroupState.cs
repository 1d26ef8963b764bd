namespace OrleansStream.Coordination.Groups;

/// <summary>Where a classic group stands. The names are Kafka's and are shown by tools as they are: use <c>ToString()</c>.</summary>
public enum GroupState
{
    /// <summary>No such group: never created, deleted, or being deleted.</summary>
    Dead,

    /// <summary>No members; offsets may remain.</summary>
    Empty,

    /// <summary>Waits for members to join the next generation.</summary>
    PreparingRebalance,

    /// <summary>The generation is formed and waits for its leader's assignment.</summary>
    CompletingRebalance,

    /// <summary>Every member has, or can fetch, its assignment.</summary>
    Stable,
}
