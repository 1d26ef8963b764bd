using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for state and members of groups.</summary>
[Request(ApiKey.DescribeGroups, MinVersion = 0, MaxVersion = 6, FlexibleFrom = 5)]
public sealed partial class DescribeGroupsRequest
{
    /// <summary>The groups' ids.</summary>
    public List<string> GroupIds { get; set; } = [];

    /// <summary>Whether to tell what the client may do with each group.</summary>
    [Since(3)]
    public bool IncludeAuthorizedOperations { get; set; }
}

/// <summary>State and members of the groups.</summary>
[Response(typeof(DescribeGroupsRequest))]
public sealed partial class DescribeGroupsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>The groups.</summary>
    public List<Group> Groups { get; set; } = [];

    /// <summary>One group.</summary>
    public sealed partial class Group
    {
        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }

        /// <summary>What went wrong, in words; null if nothing did or nothing more can be said.</summary>
        [Since(6)]
        public string? ErrorMessage { get; set; }

        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The group's state, as a word.</summary>
        public string GroupState { get; set; } = "";

        /// <summary>The kind of group, such as "consumer" or "connect".</summary>
        public string ProtocolType { get; set; } = "";

        /// <summary>The strategy that the group has agreed on.</summary>
        public string ProtocolName { get; set; } = "";

        /// <summary>The members.</summary>
        public List<Member> Members { get; set; } = [];

        /// <summary>What the client may do with the group, a bit for each operation; <see cref="int.MinValue"/> where it was not asked for.</summary>
        [Since(3)]
        public int AuthorizedOperations { get; set; } = int.MinValue;
    }

    /// <summary>One member.</summary>
    public sealed partial class Member
    {
        /// <summary>The member's id, given out by the coordinator; empty if it has none yet.</summary>
        public string MemberId { get; set; } = "";

        /// <summary>The name under which a static member comes back after a restart; null for dynamic members.</summary>
        [Since(4), Ignorable]
        public string? GroupInstanceId { get; set; }

        /// <summary>The client id with which the member joined.</summary>
        public string ClientId { get; set; } = "";

        /// <summary>The address from which it joined.</summary>
        public string ClientHost { get; set; } = "";

        /// <summary>What the member told when it joined; opaque to the broker.</summary>
        public ReadOnlyMemory<byte> MemberMetadata { get; set; }

        /// <summary>What the member got; opaque to the broker.</summary>
        public ReadOnlyMemory<byte> MemberAssignment { get; set; }
    }
}
