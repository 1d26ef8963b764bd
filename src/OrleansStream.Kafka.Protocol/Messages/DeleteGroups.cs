using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Deletes groups that have no members, with their offsets.</summary>
[Request(ApiKey.DeleteGroups, MinVersion = 0, MaxVersion = 2, FlexibleFrom = 2)]
public sealed partial class DeleteGroupsRequest
{
    /// <summary>The groups' ids.</summary>
    public List<string> GroupIds { get; set; } = [];
}

/// <summary>Whether each group is gone.</summary>
[Response(typeof(DeleteGroupsRequest))]
public sealed partial class DeleteGroupsResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    public int ThrottleTimeMs { get; set; }

    /// <summary>The groups.</summary>
    public List<Group> Groups { get; set; } = [];

    /// <summary>One group.</summary>
    public sealed partial class Group
    {
        /// <summary>The group's id.</summary>
        public string GroupId { get; set; } = "";

        /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
        public ErrorCode ErrorCode { get; set; }
    }
}
