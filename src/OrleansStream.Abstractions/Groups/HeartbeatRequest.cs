namespace OrleansStream.Abstractions.Groups;

/// <summary>A member says that it lives. The answer is a bare code.</summary>
[GenerateSerializer, Immutable, Alias("os.HeartbeatRequest")]
public sealed record HeartbeatRequest(string MemberId, string? InstanceId, int Generation);
