using OrleansStream.Model;
using OrleansStream.Model.Options;

namespace OrleansStream.Coordination.Groups;

/// <summary>The limits and delays of classic groups. The first half are Kafka's own broker configs under their Kafka names; the rest bounds memory.</summary>
public sealed record GroupOptions
{
    public const string Section = "OrleansStream:Groups";

    /// <summary><c>group.min.session.timeout.ms</c>: the shortest session that a member may ask for. 1 ms or more; 6 s unless set.</summary>
    public TimeSpan MinSessionTimeout { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary><c>group.max.session.timeout.ms</c>: the longest session. At least <see cref="MinSessionTimeout"/>; 30 min unless set.</summary>
    public TimeSpan MaxSessionTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary><c>group.initial.rebalance.delay.ms</c>: how long an empty group waits for more members. 0 or more; 3 s unless set.</summary>
    public TimeSpan InitialRebalanceDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary><c>group.max.size</c>: members of one group. 1 or more; unlimited unless set (<see cref="MaxMemberBytes"/> still holds).</summary>
    public int MaxSize { get; init; } = int.MaxValue;

    /// <summary><c>offset.metadata.max.bytes</c>: length of the text that may accompany a committed offset, in characters as Kafka counts. 0 or more; 4,096 unless set.</summary>
    public int OffsetMetadataMaxBytes { get; init; } = 4 * Limits.KiB;

    /// <summary><c>offsets.retention.minutes</c>: how long an unused offset is kept. 1 min or more; 7 days unless set.</summary>
    public TimeSpan OffsetsRetention { get; init; } = TimeSpan.FromMinutes(10080);

    /// <summary>How long the join of a new member may stay parked; its client does not know its id yet and could not leave. Kafka's internal default, 5 min.</summary>
    public TimeSpan NewMemberJoinTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Ids that were handed out and not used yet. Beyond it a join answers 15 and is retried. 1 or more; 1,000 unless set.</summary>
    public int MaxPendingMembers { get; init; } = 1000;

    /// <summary>
    /// Bytes that all groups of a broker may occupy: members with their protocols and assignments, committed offsets with their texts. Beyond it a join answers
    /// 81, a commit 28 for each partition that would grow, and the leader's sync 15. What a journal holds is read however much it is, and what does not grow goes on.
    /// 16 MiB to 1 TiB; 256 MiB unless set.
    /// </summary>
    [Between(16 * Limits.MiB, 1024 * Limits.GiB)]
    public long MaxBytes { get; init; } = 256 * Limits.MiB;

    /// <summary>Bytes that the members of one group may occupy: ids, names and protocol metadata. Beyond it a join answers 81. 1 KiB to 4 MiB; 4 MiB unless set.</summary>
    public int MaxMemberBytes { get; init; } = 4 * Limits.MiB;

    /// <summary>Bytes of all assignments of one generation. Beyond it the leader's sync answers -1 and the group rebalances, as Kafka does when the record is too large. 1 KiB to 4 MiB; 4 MiB unless set.</summary>
    public int MaxAssignmentBytes { get; init; } = 4 * Limits.MiB;

    /// <summary>Partitions for which one group may keep offsets. A commit for one more answers 28. 1 to 1,000,000; 200,000 unless set.</summary>
    public int MaxOffsets { get; init; } = 200_000;
}
