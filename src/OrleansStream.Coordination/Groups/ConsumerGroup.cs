using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups;

/// <summary>One consumer group of the classic protocol, as a state machine: requests, time and journal outcomes in, answers and effects out.</summary>
#pragma warning disable CA1822
public sealed class ConsumerGroup
{
    public ConsumerGroup(string groupId, GroupOptions options, Func<Guid> newGuid)
    {
        GroupId = groupId;
        _ = options;
        _ = newGuid;
    }

    public string GroupId { get; }

    public GroupState State => throw new NotImplementedException();

    public int Generation => throw new NotImplementedException();

    public DateTimeOffset? NextDeadline => throw new NotImplementedException();

    public bool HasUnreportedWrites => throw new NotImplementedException();

    public void Replay(GroupChange change) => throw new NotImplementedException();

    public void OnLoaded(DateTimeOffset now) => throw new NotImplementedException();

    public GroupSnapshot Snapshot() => throw new NotImplementedException();

    public Reply<JoinAnswer> Join(JoinRequest request, DateTimeOffset now) => throw new NotImplementedException();

    public Reply<SyncAnswer> Sync(SyncRequest request, DateTimeOffset now) => throw new NotImplementedException();

    public ErrorCode Heartbeat(HeartbeatRequest request, DateTimeOffset now) => throw new NotImplementedException();

    public LeaveAnswer Leave(IReadOnlyList<LeavingMember> members, DateTimeOffset now) => throw new NotImplementedException();

    public Reply<CommitAnswer> Commit(CommitRequest request, DateTimeOffset now) => throw new NotImplementedException();

    public CommittedOffset? CommittedOffset(PartitionId partition) => throw new NotImplementedException();

    public IReadOnlyList<PartitionOffset> CommittedOffsets() => throw new NotImplementedException();

    public Reply<DeleteOffsetsAnswer> DeleteOffsets(IReadOnlyList<PartitionId> partitions, DateTimeOffset now) => throw new NotImplementedException();

    public Reply<DeleteGroupAnswer> Delete(DateTimeOffset now) => throw new NotImplementedException();

    public GroupDescription Describe() => throw new NotImplementedException();

    public GroupListing? List() => throw new NotImplementedException();

    public void OnPersisted(long sequence, DateTimeOffset now) => throw new NotImplementedException();

    public void OnPersistFailed(long sequence, ErrorCode error, DateTimeOffset now) => throw new NotImplementedException();

    public void OnTimer(DateTimeOffset now) => throw new NotImplementedException();

    public void OnTopicDeleted(TopicId topic, DateTimeOffset now) => throw new NotImplementedException();

    public void ExpireOffsets(DateTimeOffset now) => throw new NotImplementedException();

    public void Close(ErrorCode error) => throw new NotImplementedException();

    public GroupEffects TakeEffects() => throw new NotImplementedException();
}
