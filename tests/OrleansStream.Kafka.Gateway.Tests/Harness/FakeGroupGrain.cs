using OrleansStream.Abstractions.Groups;
using OrleansStream.Model.Ids;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>A group that answers what the test says, and remembers what it was asked.</summary>
internal sealed class FakeGroupGrain : IGroupCalls
{
    public List<object> Requests { get; } = [];

    public Func<JoinRequest, Parkable<JoinAnswer>> OnJoin { get; set; } = static request => new(new JoinAnswer { MemberId = request.MemberId, Generation = 1 }, 0);

    /// <summary>Completes when joins are answered; at once unless a test sets it.</summary>
    public Task JoinGate { get; set; } = Task.CompletedTask;

    public Func<SyncRequest, Parkable<SyncAnswer>> OnSync { get; set; } = static _ => new(new SyncAnswer(), 0);

    public Func<HeartbeatRequest, ErrorCode> OnHeartbeat { get; set; } = static _ => ErrorCode.None;

    public Func<CommitRequest, CommitAnswer> OnCommit { get; set; } = static request => new(ErrorCode.None, [.. request.Offsets.Select(_ => ErrorCode.None)]);

    /// <summary>When set, every commit waits for it.</summary>
    public Task CommitGate { get; set; } = Task.CompletedTask;

    /// <summary>When set, every commit is answered by it.</summary>
    public long CommitTicket { get; set; }

    public List<CommittedOffset> Committed { get; } = [];

    public async Task<Parkable<JoinAnswer>> JoinAsync(JoinRequest request)
    {
        Requests.Add(request);
        await JoinGate;
        return OnJoin(request);
    }

    public Task<Parkable<SyncAnswer>> SyncAsync(SyncRequest request) => Note(request, OnSync(request));

    public Task<ErrorCode> HeartbeatAsync(HeartbeatRequest request) => Note(request, OnHeartbeat(request));

    public Task<LeaveAnswer> LeaveAsync(LeaveRequest request) =>
        Note(request, new LeaveAnswer(ErrorCode.None, [.. request.Members.Select(member => new LeftMember(member.MemberId, member.InstanceId, ErrorCode.None))]));

    public async Task<Parkable<CommitAnswer>> CommitAsync(CommitRequest request)
    {
        await CommitGate;
        return await Note(request, new Parkable<CommitAnswer>(CommitTicket == 0 ? OnCommit(request) : null, CommitTicket));
    }

    public Task<FetchOffsetsAnswer> FetchOffsetsAsync(IReadOnlyList<PartitionId>? partitions) =>
        Note(partitions ?? [], new FetchOffsetsAnswer(ErrorCode.None, [.. Committed.Where(offset => partitions is null || partitions.Contains(offset.Partition))]));

    public Task<Parkable<DeleteOffsetsAnswer>> DeleteOffsetsAsync(IReadOnlyList<PartitionId> partitions) =>
        Note(partitions, new Parkable<DeleteOffsetsAnswer>(new(ErrorCode.None, [.. partitions.Select(_ => ErrorCode.None)]), 0));

    public Task<Parkable<DeleteGroupAnswer>> DeleteAsync() => Note("delete", new Parkable<DeleteGroupAnswer>(new(ErrorCode.NonEmptyGroup), 0));

    public Task<GroupDescription> DescribeAsync() => Note("describe", new GroupDescription { Found = true, State = "Stable", ProtocolType = "consumer" });

    private Task<T> Note<T>(object request, T answer)
    {
        Requests.Add(request);
        return Task.FromResult(answer);
    }
}
