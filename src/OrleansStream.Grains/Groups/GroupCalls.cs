using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;
using Rules = OrleansStream.Coordination.Groups.Requests;

namespace OrleansStream.Grains.Groups;

/// <summary>The calls of one group: turns messages into those that the rules take. The group itself orders them, and lives with its journal.</summary>
internal sealed class GroupCalls(GroupJournals journals, CatalogView catalog, string groupId) : IGroupCalls
{
    public Task<Parkable<JoinAnswer>> JoinAsync(JoinRequest request) => AskAsync(
        GroupMessages.ToRules(request),
        static (group, join) => group.Ask(join, static (rules, join, now) => rules.Join(join, now), GroupMessages.ToDto),
        error => new JoinAnswer { Error = error, MemberId = request.MemberId });

    public Task<Parkable<SyncAnswer>> SyncAsync(SyncRequest request) => AskAsync(
        GroupMessages.ToRules(request),
        static (group, sync) => group.Ask(sync, static (rules, sync, now) => rules.Sync(sync, now), GroupMessages.ToDto),
        static error => new SyncAnswer { Error = error });

    public Task<ErrorCode> HeartbeatAsync(HeartbeatRequest request) => UseAsync(
        GroupMessages.ToRules(request),
        static (group, beat) => group.Call(beat, static (rules, beat, now) => rules.Heartbeat(beat, now)),

        // While a coordinator loads, a member lives: it is told so, and nothing else, as in Kafka.
        static error => error == ErrorCode.CoordinatorLoadInProgress ? ErrorCode.None : error);

    public Task<LeaveAnswer> LeaveAsync(LeaveRequest request) => UseAsync(
        GroupMessages.ToRules(request),
        static (group, members) => GroupMessages.ToDto(group.Call(members, static (rules, members, now) => rules.Leave(members, now))),
        static error => new LeaveAnswer(error, []));

    public Task<Parkable<CommitAnswer>> CommitAsync(CommitRequest request) => AskAsync(
        GroupMessages.ToRules(request),
        static (group, commit) => group.Ask(commit, static (rules, commit, now) => rules.Commit(commit, now), GroupMessages.ToDto),
        error => new CommitAnswer(error, [.. Enumerable.Repeat(error, request.Offsets.Count)]));

    public Task<FetchOffsetsAnswer> FetchOffsetsAsync(IReadOnlyList<PartitionId>? partitions) => UseAsync(
        partitions,
        static (group, wanted) => new FetchOffsetsAnswer(ErrorCode.None, group.Query(rules => wanted is null
            ? rules.CommittedOffsets().Select(offset => ToDto(offset.Partition, offset.Committed)).ToList()
            : wanted.Select(partition => ToDto(partition, rules.CommittedOffset(partition))).ToList())),
        static error => new FetchOffsetsAnswer(error, []));

    public Task<Parkable<DeleteOffsetsAnswer>> DeleteOffsetsAsync(IReadOnlyList<PartitionId> partitions)
    {
        var topics = catalog.Current;
        var offsets = partitions.Select(partition => new Rules.OffsetToDelete(partition, topics.Find(partition.Topic)?.Name ?? "")).ToList();
        return AskAsync(
            offsets,
            static (group, wish) => group.Ask(wish, static (rules, wish, now) => rules.DeleteOffsets(wish, now), GroupMessages.ToDto),
            error => new DeleteOffsetsAnswer(error, [.. Enumerable.Repeat(error, partitions.Count)]));
    }

    public Task<Parkable<DeleteGroupAnswer>> DeleteAsync() => AskAsync(
        0,
        static (group, _) => group.Ask(0, static (rules, _, now) => rules.Delete(now), GroupMessages.ToDto),
        static error => new DeleteGroupAnswer(error));

    public Task<GroupDescription> DescribeAsync() => UseAsync(
        0,
        static (group, _) => GroupMessages.ToDto(group.Query(static rules => rules.Describe())),
        static error => new GroupDescription { Error = error });

    private Task<Parkable<TAnswer>> AskAsync<TRequest, TAnswer>(TRequest request, Func<GroupRuntime, TRequest, Parkable<TAnswer>> ask, Func<ErrorCode, TAnswer> onFailure)
        where TAnswer : class => UseAsync(request, ask, error => new Parkable<TAnswer>(onFailure(error), 0));

    private async Task<TAnswer> UseAsync<TRequest, TAnswer>(TRequest request, Func<GroupRuntime, TRequest, TAnswer> use, Func<ErrorCode, TAnswer> onFailure)
    {
        while (true)
        {
            var (group, error) = await journals.GetAsync(groupId);
            if (group is null)
            {
                return onFailure(error);
            }

            try
            {
                var answer = use(group, request);
                group.RetireIfNothingIsLeft();
                return answer;
            }
            catch (GroupRetiredException)
            {
                // Given up between being found and being called: the next look makes it anew.
            }
        }
    }

    private static CommittedOffset ToDto(PartitionId partition, Coordination.Groups.Journal.CommittedOffset? committed) => committed is null
        ? new CommittedOffset(partition, "", Offset.None, LeaderEpoch.None, "")
        : new CommittedOffset(partition, committed.TopicName, committed.Offset, committed.LeaderEpoch, committed.Metadata);
}
