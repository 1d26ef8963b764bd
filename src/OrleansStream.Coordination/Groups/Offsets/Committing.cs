using OrleansStream.Coordination.Groups.Effects;
using OrleansStream.Coordination.Groups.Journal;
using OrleansStream.Coordination.Groups.Requests;
using OrleansStream.Model.Errors;

namespace OrleansStream.Coordination.Groups.Offsets;

/// <summary>OffsetCommit: who may commit, and what becomes visible once it is durable.</summary>
internal sealed class Committing(GroupContents group, InFlightOffsets inFlight)
{
    public Reply<CommitAnswer> Commit(CommitRequest request)
    {
        var error = Check(request);
        if (error is not ErrorCode.None)
        {
            return new(Failed(error, request.Offsets.Count));
        }

        if (group.Standing.State is GroupState.Dead)
        {
            group.Standing.MoveTo(GroupState.Empty, group.Now);
        }

        if (group.Standing.State is GroupState.Stable or GroupState.PreparingRebalance && group.Roster.Find(request.MemberId) is { } member)
        {
            group.RefreshSession(member);
        }

        var results = new ErrorCode[request.Offsets.Count];
        var accepted = Accept(request, results);
        return accepted.Count == 0 ? new(new CommitAnswer { Partitions = results }) : Store(accepted, results);
    }

    public static CommitAnswer Failed(ErrorCode error, int partitions) => new() { Error = error, Partitions = [.. Enumerable.Repeat(error, partitions)] };

    private ErrorCode Check(CommitRequest request)
    {
        var standing = group.Standing;
        if (standing.IsBeingDeleted)
        {
            return ErrorCode.CoordinatorNotAvailable;
        }

        if (standing.State is GroupState.Dead && request.Generation >= 0)
        {
            return request.KnowsGroupNotFound ? ErrorCode.GroupIdNotFound : ErrorCode.IllegalGeneration;
        }

        if (!standing.HasMembers && request.Generation < 0)
        {
            return ErrorCode.None;
        }

        if (request.Generation < 0 && request.MemberId.Length == 0 && request.InstanceId is null)
        {
            return ErrorCode.UnknownMemberId;
        }

        var error = group.CheckMember(request.MemberId, request.InstanceId);
        return error is not ErrorCode.None ? error
            : request.Generation != standing.Generation ? ErrorCode.IllegalGeneration
            : standing.State is GroupState.CompletingRebalance ? ErrorCode.RebalanceInProgress
            : ErrorCode.None;
    }

    // Where there is no room left the answer is 28, whether the group has too many offsets or the broker's groups too many bytes: Kafka's clients give it to the
    // application and stay members. With 15 they would drop the connection that their heartbeats need, and come back every 100 ms. Partitions that need no
    // more room than they have are never refused.
    private List<PartitionOffset> Accept(CommitRequest request, ErrorCode[] results)
    {
        var accepted = new List<PartitionOffset>(results.Length);
        var room = group.Options.MaxOffsets - group.Durable.Offsets.Count - inFlight.Partitions.Count(partition => !group.Durable.Offsets.ContainsKey(partition));
        var growth = 0L;
        for (var i = 0; i < results.Length; i++)
        {
            var offset = request.Offsets[i];
            var isNew = !group.Durable.Offsets.ContainsKey(offset.Partition) && !inFlight.Contains(offset.Partition);
            var committed = new PartitionOffset(offset.Partition, ToCommitted(offset, request.Retention));
            var needed = Math.Max(0, group.Durable.GrowthBy(committed));
            results[i] = offset.Metadata?.Length > group.Options.OffsetMetadataMaxBytes ? ErrorCode.OffsetMetadataTooLarge
                : (isNew && room == 0) || !group.Share.TryGrow(growth + needed) ? ErrorCode.InvalidCommitOffsetSize
                : ErrorCode.None;
            if (results[i] is ErrorCode.None)
            {
                room -= isNew ? 1 : 0;
                growth += needed;
                accepted.Add(committed);
            }
        }

        return accepted;
    }

    private CommittedOffset ToCommitted(OffsetToCommit offset, TimeSpan? retention) => new()
    {
        TopicName = offset.TopicName,
        Offset = offset.Offset,
        LeaderEpoch = offset.LeaderEpoch,
        Metadata = offset.Metadata ?? "",
        CommitTimestampMs = group.Now.ToUnixTimeMilliseconds(),
        ExpireTimestampMs = retention is { } kept ? (group.Now + kept).ToUnixTimeMilliseconds() : null,
    };

    private Reply<CommitAnswer> Store(List<PartitionOffset> accepted, ErrorCode[] results)
    {
        foreach (var offset in accepted)
        {
            inFlight.Add(offset.Partition);
        }

        var ticket = group.Outbox.NewTicket(error => Failed(error, results.Length));
        group.Outbox.Write(
            [new OffsetsCommitted(accepted)],
            () => Settle(accepted, ticket, new CommitAnswer { Partitions = results }),
            error => Settle(accepted, ticket, Failed(JournalErrors.ForCommits(error), results.Length)));
        return new(ticket);
    }

    private void Settle(List<PartitionOffset> accepted, GroupTicket ticket, CommitAnswer answer)
    {
        foreach (var offset in accepted)
        {
            inFlight.Remove(offset.Partition);
        }

        group.Outbox.Complete(ticket, answer);
    }
}
