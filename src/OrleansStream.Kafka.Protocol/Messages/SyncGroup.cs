using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Brings the leader's assignments, and asks for the member's own.</summary>
[Request(ApiKey.SyncGroup, MinVersion = 0, MaxVersion = 5, FlexibleFrom = 4)]
public sealed partial class SyncGroupRequest
{
    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The group's generation; it rises with each rebalance.</summary>
    public int GenerationId { get; set; }

    /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
    public string MemberId { get; set; } = "";

    /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
    [Since(3)]
    public string? GroupInstanceId { get; set; }

    /// <summary>The kind of group, such as "consumer" or "connect".</summary>
    [Since(5), Ignorable]
    public string? ProtocolType { get; set; }

    /// <summary>The strategy that the group has agreed on.</summary>
    [Since(5), Ignorable]
    public string? ProtocolName { get; set; }

    /// <summary>What each member gets; empty from all but the leader.</summary>
    public List<MemberAssignment> Assignments { get; set; } = [];

    /// <summary>What one member gets.</summary>
    public sealed partial class MemberAssignment
    {
        /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>What the member gets; opaque to the broker.</summary>
        public ReadOnlyMemory<byte> Assignment { get; set; }
    }
}

/// <summary>The part of the work that the member got.</summary>
[Response(typeof(SyncGroupRequest))]
public sealed partial class SyncGroupResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The kind of group, such as "consumer" or "connect".</summary>
    [Since(5), Ignorable]
    public string? ProtocolType { get; set; }

    /// <summary>The strategy that the group has agreed on.</summary>
    [Since(5), Ignorable]
    public string? ProtocolName { get; set; }

    /// <summary>What the member gets; opaque to the broker.</summary>
    public ReadOnlyMemory<byte> Assignment { get; set; }
}
