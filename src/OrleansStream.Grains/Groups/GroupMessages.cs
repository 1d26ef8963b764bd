using OrleansStream.Abstractions.Groups;
using OrleansStream.Coordination.Groups.Effects;
using Rules = OrleansStream.Coordination.Groups.Requests;

namespace OrleansStream.Grains.Groups;

/// <summary>Between what travels to a grain and what the rules of groups take: the rules know nothing of Orleans.</summary>
internal static class GroupMessages
{
    public static Rules.JoinRequest ToRules(JoinRequest request) => new()
    {
        MemberId = request.MemberId,
        InstanceId = request.InstanceId,
        ClientId = request.ClientId,
        ClientHost = request.ClientHost,
        SessionTimeout = request.SessionTimeout,
        RebalanceTimeout = request.RebalanceTimeout,
        ProtocolType = request.ProtocolType,
        Protocols = request.Protocols.Select(protocol => new Coordination.Groups.GroupProtocol(protocol.Name, protocol.Metadata)).ToList(),
        RequiresKnownMemberId = request.RequiresKnownMemberId,
        CanSkipAssignment = request.CanSkipAssignment,
        Reason = request.Reason,
    };

    public static Rules.SyncRequest ToRules(SyncRequest request) => new()
    {
        MemberId = request.MemberId,
        InstanceId = request.InstanceId,
        Generation = request.Generation,
        ProtocolType = request.ProtocolType,
        ProtocolName = request.ProtocolName,
        Assignments = request.Assignments.Select(assigned => new Rules.MemberAssignment(assigned.MemberId, assigned.Assignment)).ToList(),
    };

    public static Rules.HeartbeatRequest ToRules(HeartbeatRequest request) =>
        new() { MemberId = request.MemberId, InstanceId = request.InstanceId, Generation = request.Generation };

    public static IReadOnlyList<Rules.LeavingMember> ToRules(LeaveRequest request) =>
        request.Members.Select(member => new Rules.LeavingMember(member.MemberId, member.InstanceId, member.Reason)).ToList();

    public static Rules.CommitRequest ToRules(CommitRequest request) => new()
    {
        MemberId = request.MemberId,
        InstanceId = request.InstanceId,
        Generation = request.Generation,
        Retention = request.Retention,
        KnowsGroupNotFound = request.KnowsGroupNotFound,
        Offsets = request.Offsets.Select(offset => new Rules.OffsetToCommit(offset.Partition, offset.TopicName, offset.Offset, offset.LeaderEpoch, offset.Metadata)).ToList(),
    };

    /// <summary>An answer that a ticket stood for, as its waiter expects it.</summary>
    public static object ToDto(GroupAnswer answer) => answer switch
    {
        Rules.JoinAnswer join => ToDto(join),
        Rules.SyncAnswer sync => ToDto(sync),
        Rules.CommitAnswer commit => ToDto(commit),
        Rules.DeleteOffsetsAnswer deleted => ToDto(deleted),
        Rules.DeleteGroupAnswer deleted => ToDto(deleted),
        _ => throw new ArgumentException($"No ticket stands for a {answer.GetType().Name}.", nameof(answer)),
    };

    public static JoinAnswer ToDto(Rules.JoinAnswer answer) => new()
    {
        Error = answer.Error,
        MemberId = answer.MemberId,
        Generation = answer.Generation,
        ProtocolType = answer.ProtocolType,
        ProtocolName = answer.ProtocolName,
        LeaderId = answer.LeaderId,
        Members = answer.Members.Select(member => new JoinedMember(member.MemberId, member.InstanceId, member.Metadata)).ToList(),
        SkipAssignment = answer.SkipAssignment,
    };

    public static SyncAnswer ToDto(Rules.SyncAnswer answer) =>
        new() { Error = answer.Error, ProtocolType = answer.ProtocolType, ProtocolName = answer.ProtocolName, Assignment = answer.Assignment };

    public static LeaveAnswer ToDto(Rules.LeaveAnswer answer) =>
        new(answer.Error, answer.Members.Select(member => new LeftMember(member.MemberId, member.InstanceId, member.Error)).ToList());

    public static CommitAnswer ToDto(Rules.CommitAnswer answer) => new(answer.Error, answer.Partitions);

    public static DeleteOffsetsAnswer ToDto(Rules.DeleteOffsetsAnswer answer) => new(answer.Error, answer.Partitions);

    public static DeleteGroupAnswer ToDto(Rules.DeleteGroupAnswer answer) => new(answer.Error);

    public static GroupDescription ToDto(Rules.GroupDescription group) => new()
    {
        Found = group.Found,
        State = group.State.ToString(),
        ProtocolType = group.ProtocolType,
        ProtocolName = group.ProtocolName,
        Members = group.Members.Select(member => new MemberDescription(member.MemberId, member.InstanceId, member.ClientId, member.ClientHost, member.Metadata, member.Assignment)).ToList(),
    };
}
