namespace OrleansStream.Coordination.Groups.Requests;

/// <summary>A member says that it lives. The answer is a bare code.</summary>
public sealed record HeartbeatRequest
{
    public required string MemberId { get; init; }

    public string? InstanceId { get; init; }

    public required int Generation { get; init; }
}
