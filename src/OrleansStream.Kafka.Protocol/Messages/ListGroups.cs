using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Asks for the groups that this broker coordinates.</summary>
[Request(ApiKey.ListGroups, MinVersion = 0, MaxVersion = 5, FlexibleFrom = 3)]
public sealed partial class ListGroupsRequest
{
    /// <summary>States to list; empty for all.</summary>
    [Since(4)]
    public List<string> StatesFilter { get; set; } = [];

    /// <summary>Types to list; empty for all.</summary>
    [Since(5)]
    public List<string> TypesFilter { get; set; } = [];
}

/// <summary>The groups that this broker coordinates.</summary>
[Response(typeof(ListGroupsRequest))]
public sealed partial class ListGroupsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }

    /// <summary>The groups.</summary>
    public List<Group> Groups { get; set; } = [];

    /// <summary>One group.</summary>
    public sealed partial class Group
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>The kind of group, such as "consumer" or "connect".</summary>
        public string ProtocolType { get; set; } = "";

        /// <summary>The group's state, as a word.</summary>
        [Since(4), Ignorable]
        public string GroupState { get; set; } = "";

        /// <summary>The protocol that the group uses, as a word.</summary>
        [Since(5), Ignorable]
        public string GroupType { get; set; } = "";
    }
}
