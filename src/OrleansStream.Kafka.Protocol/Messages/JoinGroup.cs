using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Enters a group, or stays in it when the group forms anew. The answer waits until all members have spoken.</summary>
[Request(ApiKey.JoinGroup, MinVersion = 0, MaxVersion = 9, FlexibleFrom = 6)]
public sealed partial class JoinGroupRequest
{
    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>After how many milliseconds without a heartbeat the member counts as dead.</summary>
    public int SessionTimeoutMs { get; set; }

    /// <summary>How long the coordinator waits for the member when the group forms anew, in milliseconds; -1 for the session timeout.</summary>
    [Since(1), Ignorable]
    public int RebalanceTimeoutMs { get; set; } = -1;

    /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
    [Since(5)]
    public string? GroupInstanceId { get; set; }

    /// <summary>The kind of group, such as "consumer" or "connect".</summary>
    public string ProtocolType { get; set; } = "";

    /// <summary>The strategies that the member knows, the best one first.</summary>
    public List<Protocol> Protocols { get; set; } = [];

    /// <summary>Why, in words, for the log.</summary>
    [Since(8), Ignorable]
    public string? Reason { get; set; }

    /// <summary>An assignment strategy that the member knows.</summary>
    public sealed partial class Protocol
    {
        /// <summary>The strategy's name.</summary>
        public string Name { get; set; } = "";

        /// <summary>What the member tells the leader; opaque to the broker.</summary>
        public ReadOnlyMemory<byte> Metadata { get; set; }
    }
}

/// <summary>The new generation of the group. Only its leader is told the members, as only the leader assigns partitions.</summary>
[Response(typeof(JoinGroupRequest))]
public sealed partial class JoinGroupResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(2), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The group's generation; it rises with each rebalance. -1 after an error.</summary>
    public int GenerationId { get; set; } = -1;

    /// <summary>The kind of group, such as "consumer" or "connect".</summary>
    [Since(7), Ignorable]
    public string? ProtocolType { get; set; }

    /// <summary>The strategy that the group has agreed on.</summary>
    [NullableSince(7)]
    public string? ProtocolName { get; set; } = "";

    /// <summary>The member that assigns the work.</summary>
    public string Leader { get; set; } = "";

    /// <summary>Whether the leader need not assign anew: it came back and nothing has changed.</summary>
    [Since(9)]
    public bool SkipAssignment { get; set; }

    /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The members; empty for everyone but the leader.</summary>
    public List<Member> Members { get; set; } = [];

    /// <summary>One member.</summary>
    public sealed partial class Member
    {
        /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
        [Since(5), Ignorable]
        public string? GroupInstanceId { get; set; }

        /// <summary>What the member tells the leader; opaque to the broker.</summary>
        public ReadOnlyMemory<byte> Metadata { get; set; }
    }
}
