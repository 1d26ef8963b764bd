using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Rebalancing;

/// <summary>From one generation to the next: waits for joins, forms the generation, and drops who does not sync.</summary>
internal sealed class Rebalance(GroupContents group, Answers answers)
{
    // With nobody back yet the wait repeats until sessions end; a client may have asked for a rebalance timeout of zero.
    private static readonly TimeSpan ShortestRepeat = TimeSpan.FromMilliseconds(100);

    private DateTimeOffset? _joinDeadline;
    private DateTimeOffset? _syncDeadline;
    private TimeSpan _initialDelay;
    private TimeSpan _initialRemaining;
    private bool _isInitial;
    private bool _newMemberAdded;

    public DateTimeOffset? NextDeadline => _joinDeadline is null || _syncDeadline < _joinDeadline ? _syncDeadline : _joinDeadline;

    /// <summary>Somebody came or came back with other wishes: starts a rebalance, or finishes the one that runs.</summary>
    public void StartOrFinish(string reason)
    {
        if (group.Standing.State is GroupState.PreparingRebalance)
        {
            FinishIfAllJoined();
        }
        else
        {
            Prepare(reason);
        }
    }

    /// <summary>Somebody left.</summary>
    public void OnMembersLeft(string reason)
    {
        if (group.Standing.State is not GroupState.Empty)
        {
            StartOrFinish(reason);
        }
    }

    public void Prepare(string reason)
    {
        if (group.Standing.State is GroupState.CompletingRebalance)
        {
            WithdrawAssignments(ErrorCode.RebalanceInProgress);
        }

        _syncDeadline = null;
        _isInitial = group.Standing.State is GroupState.Empty;
        _newMemberAdded = false;
        group.Standing.MoveTo(GroupState.PreparingRebalance, group.Now);
        group.Outbox.Say(GroupEventKind.RebalanceStarted, reason, group.Roster.Count);
        if (_isInitial && group.Options.InitialRebalanceDelay > TimeSpan.Zero)
        {
            _initialDelay = group.Options.InitialRebalanceDelay;
            _initialRemaining = NotNegative(group.Roster.RebalanceTimeout - _initialDelay);
            _joinDeadline = group.Now + _initialDelay;
        }
        else if (_isInitial || group.Roster.HasAllJoined)
        {
            Finish();
        }
        else
        {
            _joinDeadline = group.Now + group.Roster.RebalanceTimeout;
        }
    }

    /// <summary>A first rebalance is worth some more waiting while members keep coming.</summary>
    public void NoteNewMember() => _newMemberAdded |= _isInitial && group.Standing.State is GroupState.PreparingRebalance;

    public void FinishIfAllJoined()
    {
        if (group.Standing.State is GroupState.PreparingRebalance && !_isInitial && group.Roster.HasAllJoined)
        {
            Finish();
        }
    }

    public void NoteSync(string memberId)
    {
        group.Roster.PendingSync.Remove(memberId);
        if (group.Roster.PendingSync.Count == 0)
        {
            _syncDeadline = null;
        }
    }

    public void OnTimer()
    {
        if (_joinDeadline <= group.Now)
        {
            OnJoinDeadline();
        }

        if (_syncDeadline <= group.Now)
        {
            OnSyncDeadline();
        }
    }

    public void Stop() => _joinDeadline = _syncDeadline = null;

    /// <summary>Answers all who wait for an assignment with an error and forgets what was assigned.</summary>
    public void WithdrawAssignments(ErrorCode error)
    {
        foreach (var member in group.Roster.Members)
        {
            member.Assignment = [];
            answers.CompleteSync(member, new SyncAnswer { Error = error });
        }
    }

    private static TimeSpan NotNegative(TimeSpan time) => time < TimeSpan.Zero ? TimeSpan.Zero : time;

    private void OnJoinDeadline()
    {
        if (_isInitial && _newMemberAdded && _initialRemaining > TimeSpan.Zero)
        {
            _newMemberAdded = false;
            var step = group.Options.InitialRebalanceDelay < _initialRemaining ? group.Options.InitialRebalanceDelay : _initialRemaining;
            _initialRemaining = NotNegative(_initialRemaining - _initialDelay);
            _initialDelay = step;
            _joinDeadline = group.Now + step;
            return;
        }

        Finish();
    }

    private void OnSyncDeadline()
    {
        _syncDeadline = null;
        var missing = group.Roster.PendingSync.ToList();
        foreach (var memberId in missing)
        {
            Expire(memberId, "did not sync in time");
        }

        Prepare($"{missing.Count} members did not sync in time");
    }

    // Forms the generation of those who rejoined. Static members are not given up before their session ends.
    private void Finish()
    {
        _joinDeadline = null;
        _isInitial = false;
        foreach (var member in group.Roster.Members.Where(member => member is { ParkedJoin: null, IsStatic: false }).ToList())
        {
            Expire(member.Id, "did not rejoin in time");
        }

        if (group.Roster.Count == 0)
        {
            BecomeEmpty();
        }
        else if (group.Roster.ElectLeader())
        {
            FormGeneration();
        }
        else
        {
            _joinDeadline = group.Now + (group.Roster.RebalanceTimeout > ShortestRepeat ? group.Roster.RebalanceTimeout : ShortestRepeat);
        }
    }

    private void BecomeEmpty()
    {
        group.Standing.Generation++;
        group.Standing.ProtocolName = null;
        group.Standing.MoveTo(GroupState.Empty, group.Now);
        group.ReadSubscriptions();
        group.Outbox.Say(GroupEventKind.BecameEmpty, "");

        // If this is not stored, a reload finds the old members and gives them up when their sessions end.
        group.Outbox.Write([group.Capture(_ => [])], () => { }, _ => { });
    }

    private void FormGeneration()
    {
        group.Standing.Generation++;
        group.Standing.ProtocolName = group.Roster.ElectProtocol();
        group.Standing.MoveTo(GroupState.CompletingRebalance, group.Now);
        group.ReadSubscriptions();
        group.Roster.PendingSync.Clear();
        foreach (var member in group.Roster.Members)
        {
            member.IsNew = false;
            group.Roster.PendingSync.Add(member.Id);
            answers.CompleteJoin(member, answers.CurrentGeneration(member));
            group.RefreshSession(member);
        }

        _syncDeadline = group.Now + group.Roster.RebalanceTimeout;
        group.Outbox.Say(GroupEventKind.RebalanceCompleted, group.Standing.ProtocolName ?? "", group.Roster.Count);
    }

    private void Expire(string memberId, string why)
    {
        if (group.Roster.Find(memberId) is { } member)
        {
            group.Outbox.Say(GroupEventKind.MemberExpired, $"{memberId} {why}");
            answers.Dismiss(member, ErrorCode.UnknownMemberId);
        }
    }
}
