using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Leaves a group, so that the others need not wait for a session to end. From version 3 on for several members at once.</summary>
[Request(ApiKey.LeaveGroup, MinVersion = 0, MaxVersion = 5, FlexibleFrom = 4)]
public sealed partial class LeaveGroupRequest
{
    /// <summary>The group's id.</summary>
    public string GroupId { get; set; } = "";

    /// <summary>The member's id, up to version 2.</summary>
    [Until(2)]
    public string MemberId { get; set; } = "";

    /// <summary>The members, from version 3 on.</summary>
    [Since(3)]
    public List<Member> Members { get; set; } = [];

    /// <summary>One member.</summary>
    public sealed partial class Member
    {
        /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
        public string? GroupInstanceId { get; set; }

        /// <summary>Why, in words, for the log.</summary>
        [Since(5), Ignorable]
        public string? Reason { get; set; }
    }
}

/// <summary>Whether each member has left.</summary>
[Response(typeof(LeaveGroupRequest))]
public sealed partial class LeaveGroupResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The members.</summary>
    [Since(3)]
    public List<Member> Members { get; set; } = [];

    /// <summary>One member.</summary>
    public sealed partial class Member
    {
        /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
        public string? GroupInstanceId { get; set; }

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }
}
