using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Model.Errors;

namespace OrleansStream.Kafka.Protocol.Messages;

/// <summary>Tells a group's coordinator that a member is alive.</summary>
[Request(ApiKey.Heartbeat, MinVersion = 0, MaxVersion = 4, FlexibleFrom = 4)]
public sealed partial class HeartbeatRequest
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
}

/// <summary>Whether the member may go on, or must join again.</summary>
[Response(typeof(HeartbeatRequest))]
public sealed partial class HeartbeatResponse
{
    /// <summary>How long the client was or shall be held back for its quota, in milliseconds.</summary>
    [Since(1), Ignorable]
    public int ThrottleTimeMs { get; set; }

    /// <summary>What went wrong, or <see cref="ErrorCode.None"/>.</summary>
    public ErrorCode ErrorCode { get; set; }
}
