using System.Globalization;
using OrleansStream.Coordination.Groups;
using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Tests.Groups;

/// <summary>A client as the random schedules play it: does mostly what a real one would do next, sometimes something else.</summary>
internal sealed class GroupClient(Random random, string? instanceId)
{
    private const int Topics = 2;

    public string MemberId { get; private set; } = "";

    public int Generation { get; private set; } = -1;

    public JoinAnswer? Joined { get; private set; }

    public GroupTicket? JoinTicket { get; private set; }

    public GroupTicket? SyncTicket { get; private set; }

    public Dictionary<GroupTicket, long> Commits { get; } = [];

    public bool IsWaiting => JoinTicket is not null || SyncTicket is not null;

    /// <summary>Answers that came at once, for the invariants to look at.</summary>
    public List<GroupAnswer> FreshAnswers { get; } = [];

    public void Act(ConsumerGroup group, DateTimeOffset now)
    {
        var choice = random.Next(20);
        if (choice == 0)
        {
            Leave(group, now);
        }
        else if (choice <= 3)
        {
            Commit(group, now);
        }
        else if (IsWaiting && choice < 18)
        {
            return;
        }
        else if (Joined is null || choice == 4)
        {
            Join(group, now);
        }
        else if (choice < 12)
        {
            Sync(group, now);
        }
        else if (group.Heartbeat(new HeartbeatRequest { MemberId = MemberId, Generation = Generation, InstanceId = instanceId }, now) is not ErrorCode.None)
        {
            Joined = null;
        }
    }

    /// <summary>The process ends: it forgets all, and whoever comes in its place knows only the instance.</summary>
    public void Die()
    {
        MemberId = "";
        Generation = -1;
        Joined = null;
    }

    /// <summary>Takes an answer; true if it was waited for here.</summary>
    public bool Take(TicketCompletion completion)
    {
        if (completion.Ticket == JoinTicket)
        {
            JoinTicket = null;
            OnJoined((JoinAnswer)completion.Answer);
            return true;
        }

        if (completion.Ticket == SyncTicket)
        {
            SyncTicket = null;
            OnSynced((SyncAnswer)completion.Answer);
            return true;
        }

        return false;
    }

    private void Join(ConsumerGroup group, DateTimeOffset now)
    {
        var protocols = random.Next(6) == 0 ? new[] { "sticky", "range" } : ["range"];
        var reply = group.Join(
            TestGroup.JoinRequest(MemberId, instanceId) with
            {
                RequiresKnownMemberId = random.Next(8) != 0,
                CanSkipAssignment = random.Next(2) == 0,
                RebalanceTimeout = TimeSpan.FromSeconds(random.Next(0, 40)),
                Protocols = [.. protocols.Select(name => TestGroup.Protocol(name, [.. Enumerable.Range(0, random.Next(Topics + 1)).Select(i => "t" + i.ToString(CultureInfo.InvariantCulture))]))],
            },
            now);
        if (reply.IsParked)
        {
            JoinTicket = reply.Ticket;
        }
        else
        {
            FreshAnswers.Add(reply.Answer);
            OnJoined(reply.Answer);
        }
    }

    private void OnJoined(JoinAnswer answer)
    {
        Joined = answer.Error is ErrorCode.None ? answer : null;
        if (answer.Error is ErrorCode.None or ErrorCode.MemberIdRequired)
        {
            (MemberId, Generation) = (answer.MemberId, answer.Generation);
        }
        else if (answer.Error is ErrorCode.UnknownMemberId or ErrorCode.FencedInstanceId or ErrorCode.GroupMaxSizeReached)
        {
            Die();
        }
    }

    private void Sync(ConsumerGroup group, DateTimeOffset now)
    {
        var assignments = Joined!.Members.Select(member => new MemberAssignment(member.MemberId, [(byte)Generation]));
        var reply = group.Sync(new SyncRequest { MemberId = MemberId, InstanceId = instanceId, Generation = Generation, Assignments = [.. assignments] }, now);
        if (reply.IsParked)
        {
            SyncTicket = reply.Ticket;
        }
        else
        {
            FreshAnswers.Add(reply.Answer);
            OnSynced(reply.Answer);
        }
    }

    private void OnSynced(SyncAnswer answer)
    {
        if (answer.Error is not ErrorCode.None)
        {
            Joined = null;
        }
    }

    private void Leave(ConsumerGroup group, DateTimeOffset now)
    {
        group.Leave([random.Next(3) == 0 ? new LeavingMember("", instanceId) : new LeavingMember(MemberId, null)], now);
        Joined = null;
    }

    private void Commit(ConsumerGroup group, DateTimeOffset now)
    {
        var offset = random.NextInt64(long.MaxValue);
        var isMember = random.Next(5) != 0;
        var reply = group.Commit(
            new CommitRequest
            {
                MemberId = isMember ? MemberId : "",
                Generation = isMember ? Generation : -1,
                Offsets = [TestGroup.Offset(random.Next(3), offset), TestGroup.Offset(3 + random.Next(2), offset)],
            },
            now);
        if (reply.IsParked)
        {
            Commits.Add(reply.Ticket, offset);
        }
    }
}
