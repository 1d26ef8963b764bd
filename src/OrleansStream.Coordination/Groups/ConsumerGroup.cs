using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Members;
using OrleansStream.Coordination.Groups.Memory;
using OrleansStream.Coordination.Groups.Offsets;
using OrleansStream.Coordination.Groups.Rebalancing;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Groups;

/// <summary>
/// One consumer group of the classic protocol, as a state machine: requests, time and journal outcomes in, answers and effects out.
/// An object exists for any id; one that is not a group is <see cref="GroupState.Dead"/>. One caller at a time. After each call but
/// the queries the owner takes the effects, appends the writes in order, completes the tickets, and sets its one timer to
/// <see cref="NextDeadline"/>. Load: <see cref="Replay"/> each change, then <see cref="OnLoaded"/>, then requests.
/// Times never go back in here: an earlier one counts as the latest seen.
/// </summary>
public sealed class ConsumerGroup
{
    private readonly GroupContents _group;
    private readonly Rebalance _rebalance;
    private readonly Joining _joining;
    private readonly Syncing _syncing;
    private readonly Leaving _leaving;
    private readonly Heartbeats _heartbeats;
    private readonly Committing _committing;
    private readonly Removing _removing;
    private ErrorCode _closed;

    /// <param name="groupId">As the client spells it. The empty id keeps offsets but has no members: join, sync, heartbeat, leave and OffsetDelete answer 24.</param>
    /// <param name="options">Limits and delays.</param>
    /// <param name="newGuid">Where member ids get their unique part from.</param>
    /// <param name="budget">What all groups of the broker share; counted from <see cref="OnLoaded"/> until <see cref="Close"/>, and exact whenever the effects were taken. Null: one of its own.</param>
    public ConsumerGroup(string groupId, GroupOptions options, Func<Guid> newGuid, GroupBudget? budget = null)
    {
        _group = new GroupContents(groupId, options, newGuid, budget ?? new GroupBudget(options.MaxBytes));
        var answers = new Answers(_group);
        var inFlight = new InFlightOffsets();
        _rebalance = new Rebalance(_group, answers);
        _joining = new Joining(_group, answers, _rebalance, new StaticReturn(_group, answers, _rebalance));
        _syncing = new Syncing(_group, answers, _rebalance);
        _leaving = new Leaving(_group, answers, _rebalance);
        _heartbeats = new Heartbeats(_group);
        _committing = new Committing(_group, inFlight);
        _removing = new Removing(_group, inFlight);
    }

    public string GroupId => _group.GroupId;

    /// <summary>Dead also while a removal is on its way to the journal.</summary>
    public GroupState State => _group.Standing.IsBeingDeleted ? GroupState.Dead : _group.Standing.State;

    public int Generation => _group.Standing.Generation;

    /// <summary>When to call <see cref="OnTimer"/> at the latest; null: not at all. May be early, never late.</summary>
    public DateTimeOffset? NextDeadline
    {
        get
        {
            var session = _group.Sessions.Next;
            var rebalance = _rebalance.NextDeadline;
            return session is null || rebalance < session ? rebalance : session;
        }
    }

    /// <summary>Writes that were handed out and not reported. Zero, no members and no deadline: the object may be dropped and loaded again later.</summary>
    public int WritesInFlight => _group.Outbox.WritesInFlight;

    internal GroupContents Contents => _group;

    /// <summary>Applies one change from the journal, before <see cref="OnLoaded"/>.</summary>
    public void Replay(GroupChange change) => _group.Durable.Apply(change);

    /// <summary>Makes the group of what was replayed. Sessions start afresh: the members could not reach anybody while it was loading.</summary>
    public void OnLoaded(DateTimeOffset now)
    {
        _group.Now = now;
        GroupLoading.Restore(_group);
        if (_group.Roster.Count > _group.Options.MaxSize)
        {
            _rebalance.Prepare("the group is larger than group.max.size now");
        }
    }

    /// <summary>The durable state, to replace all changes up to and including the last one reported as durable.</summary>
    public GroupSnapshot Snapshot() => _group.Durable.Snapshot();

    /// <summary>JoinGroup. 24, 26, 25, 81, 23, 82, 79 and 15 as Kafka, 81 also if the broker's groups have no room left; else a generation, mostly by ticket.</summary>
    public Reply<JoinAnswer> Join(JoinRequest request, DateTimeOffset now) => RefusesEmptyId(now) is { } error
        ? new(JoinAnswer.Failed(error, request.MemberId))
        : Settled(_joining.Join(request));

    /// <summary>SyncGroup. 24, 25, 82, 22, 23, 27, 15; else an assignment, by ticket until it is durable.</summary>
    public Reply<SyncAnswer> Sync(SyncRequest request, DateTimeOffset now) => RefusesEmptyId(now) is { } error
        ? new(new SyncAnswer { Error = error })
        : Settled(_syncing.Sync(request));

    /// <summary>Heartbeat: 0, 24, 25, 82, 22, or 27: rejoin.</summary>
    public ErrorCode Heartbeat(HeartbeatRequest request, DateTimeOffset now) => RefusesEmptyId(now) ?? _heartbeats.Beat(request);

    /// <summary>LeaveGroup. Versions 0 to 2 give a list of one.</summary>
    public LeaveAnswer Leave(IReadOnlyList<LeavingMember> members, DateTimeOffset now) => RefusesEmptyId(now) is { } error
        ? new LeaveAnswer { Error = error }
        : Settled(_leaving.Leave(members));

    /// <summary>OffsetCommit. 69, 22, 25, 82, 27 for all; 12 and 28 for one partition; the rest is durable when the ticket completes.</summary>
    public Reply<CommitAnswer> Commit(CommitRequest request, DateTimeOffset now) => Refuses(now) is { } error
        ? new(Committing.Failed(error, request.Offsets.Count))
        : Settled(_committing.Commit(request));

    /// <summary>OffsetFetch of one partition: the last durable commit; null is offset -1 without an error, also if there is no such group.</summary>
    public CommittedOffset? CommittedOffset(PartitionId partition) => _group.Durable.Offsets.GetValueOrDefault(partition);

    /// <summary>OffsetFetch of all partitions, in their order.</summary>
    public IReadOnlyList<PartitionOffset> CommittedOffsets() => _group.Durable.List();

    /// <summary>OffsetDelete. 24, 69, 68 for all; 86 for a partition whose topic is subscribed to.</summary>
    public Reply<DeleteOffsetsAnswer> DeleteOffsets(IReadOnlyList<OffsetToDelete> offsets, DateTimeOffset now) => RefusesEmptyId(now) is { } error
        ? new(Removing.FailedOffsets(error, offsets.Count))
        : Settled(_removing.DeleteOffsets(offsets));

    /// <summary>DeleteGroups of this group, with its offsets.</summary>
    public Reply<DeleteGroupAnswer> Delete(DateTimeOffset now) => Refuses(now) is { } error
        ? new(new DeleteGroupAnswer { Error = error })
        : Settled(_removing.DeleteGroup());

    /// <summary>DescribeGroups of this group.</summary>
    public GroupDescription Describe() => GroupView.Describe(_group);

    /// <summary>The group's row in ListGroups; null if there is no such group.</summary>
    public GroupListing? List() => GroupView.List(_group);

    /// <summary>The journal has made a write durable.</summary>
    public void OnPersisted(long sequence, DateTimeOffset now) => Report(sequence, ErrorCode.None, now);

    /// <summary>The journal has refused a write, or its outcome is unknown. Members hear 15 or 16, whichever fits the code of the log that is given here.</summary>
    public void OnPersistFailed(long sequence, ErrorCode error, DateTimeOffset now) => Report(sequence, error is ErrorCode.None ? ErrorCode.UnknownServerError : error, now);

    /// <summary>Lets everything happen whose time has come.</summary>
    public void OnTimer(DateTimeOffset now)
    {
        if (IsOpen(now))
        {
            _leaving.OnTimer();
            _rebalance.OnTimer();
            DropIfNothingIsLeft();
        }
    }

    /// <summary>A topic is gone, and with it the offsets for it.</summary>
    public void OnTopicDeleted(TopicId topic, DateTimeOffset now)
    {
        if (IsOpen(now))
        {
            _removing.OnTopicDeleted(topic);
        }
    }

    /// <summary>Removes offsets whose retention is over, and the group if it is empty then. To be called every <c>offsets.retention.check.interval.ms</c>.</summary>
    public void ExpireOffsets(DateTimeOffset now)
    {
        if (IsOpen(now))
        {
            _removing.Expire();
        }
    }

    /// <summary>Ends the object: every open ticket and all later requests get this code, 16 if the group moves away.</summary>
    public void Close(ErrorCode error)
    {
        if (_closed is ErrorCode.None)
        {
            _closed = error;
            _group.Outbox.Close(error);
            _group.Sessions.Clear();
            _rebalance.Stop();
            _group.Share.GiveBack();
        }
    }

    /// <summary>Takes what the calls since the last time left to do.</summary>
    public GroupEffects TakeEffects()
    {
        if (_closed is ErrorCode.None)
        {
            _group.Share.Settle();
        }

        return _group.Outbox.Take();
    }

    private bool IsOpen(DateTimeOffset now)
    {
        _group.Now = now > _group.Now ? now : _group.Now;
        return _closed is ErrorCode.None;
    }

    private ErrorCode? Refuses(DateTimeOffset now) => IsOpen(now) ? null : _closed;

    // As Kafka 4.3.1: very old consumers keep offsets under the empty id, but nobody can be a member of it, and OffsetDelete is younger.
    private ErrorCode? RefusesEmptyId(DateTimeOffset now) => Refuses(now) ?? (GroupId.Length == 0 ? ErrorCode.InvalidGroupId : null);

    private void Report(long sequence, ErrorCode outcome, DateTimeOffset now)
    {
        if (IsOpen(now))
        {
            _group.Outbox.Report(sequence, outcome, _group.Durable.Apply);
            DropIfNothingIsLeft();
        }
    }

    private TAnswer Settled<TAnswer>(TAnswer answer)
    {
        DropIfNothingIsLeft();
        return answer;
    }

    // A group that nothing durable speaks of is one only while somebody is in it or on the way.
    private void DropIfNothingIsLeft()
    {
        if (_group.Standing.State is GroupState.Empty && _group.Roster.Pending.Count == 0 && WritesInFlight == 0 && !_group.Durable.Exists)
        {
            _group.Standing.Forget(_group.Now);
        }
    }
}
