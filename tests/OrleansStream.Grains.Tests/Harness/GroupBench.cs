using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Groups;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Model.Options.Configs;

namespace OrleansStream.Grains.Tests.Harness;

/// <summary>Groups over a journal in memory, without a silo: what the grain's door would call is called here.</summary>
internal sealed class GroupBench : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public GroupBench(MemoryLog? log = null, GroupOptions? options = null)
    {
        Log = log ?? new MemoryLog();
        Wheel = new DeadlineWheel(Log.Broker.Time);
        Parts = new GroupParts(Tickets, Wheel, options ?? new GroupOptions(), Log.Broker.Time, new GroupMetrics(_services.GetRequiredService<IMeterFactory>(), Tickets));
        Journals = new GroupJournals(PartitionsOf.One(Log, View, Cluster), Parts, View, PartitionsOf.Rules, NullLogger<GroupJournals>.Instance);
        View.Publish(CatalogSnapshot.Empty.With(Topic, 1));
    }

    public static Topic Topic { get; } = new() { Id = new TopicId(new Guid(9, 9, 9, new byte[8])), Name = "t", PartitionCount = 4, ReplicationFactor = 1 };

    public MemoryLog Log { get; }

    public CatalogView View { get; } = new();

    public OneBroker Cluster { get; } = new();

    public TicketBoard Tickets { get; } = new();

    public DeadlineWheel Wheel { get; }

    public GroupParts Parts { get; }

    public GroupJournals Journals { get; }

    /// <summary>The journal partition that keeps a group.</summary>
    public static PartitionId JournalOf(string groupId) => new(HiddenTopics.Groups, PartitionsOf.Rules.JournalOf(groupId));

    /// <summary>Ids of groups that share one journal partition.</summary>
    public static IReadOnlyList<string> Neighbours(int count) =>
        [.. Enumerable.Range(0, 100_000).Select(number => $"group-{number}").Where(id => JournalOf(id).Index == 0).Take(count)];

    public static OffsetToCommit Offset(long offset, int partition = 0) =>
        new(new PartitionId(Topic.Id, partition), Topic.Name, new Offset(offset), LeaderEpoch.None, null);

    public async Task<GroupRuntime> GroupAsync(string groupId)
    {
        var (group, error) = await Journals.GetAsync(groupId);
        Assert.Equal(ErrorCode.None, error);
        return group!;
    }

    /// <summary>Commits as a consumer without a group's help does. Durable when the answer comes.</summary>
    public async Task<Parkable<CommitAnswer>> CommitAsync(string groupId, params OffsetToCommit[] offsets) =>
        await UseAsync(groupId, group => group.Ask(
            GroupMessages.ToRules(new CommitRequest { Offsets = offsets }), static (rules, commit, now) => rules.Commit(commit, now), GroupMessages.ToDto));

    public async Task<Parkable<DeleteGroupAnswer>> DeleteAsync(string groupId) =>
        await UseAsync(groupId, group => group.Ask(0, static (rules, _, now) => rules.Delete(now), GroupMessages.ToDto));

    public async Task<Parkable<JoinAnswer>> JoinAsync(string groupId, string memberId = "") => await UseAsync(groupId, group => group.Ask(
        GroupMessages.ToRules(new JoinRequest
        {
            MemberId = memberId,
            ClientId = "c",
            SessionTimeout = TimeSpan.FromSeconds(10),
            RebalanceTimeout = TimeSpan.FromSeconds(60),
            ProtocolType = "consumer",
            Protocols = [new MemberProtocol("range", [0, 0])],
            RequiresKnownMemberId = false,
        }),
        static (rules, join, now) => rules.Join(join, now),
        GroupMessages.ToDto));

    public async Task<Parkable<SyncAnswer>> SyncAsync(string groupId, string memberId, int generation, byte[]? assignment = null) => await UseAsync(groupId, group => group.Ask(
        GroupMessages.ToRules(new SyncRequest
        {
            MemberId = memberId,
            Generation = generation,
            Assignments = assignment is null ? [] : [new MemberAssignment(memberId, assignment)],
        }),
        static (rules, sync, now) => rules.Sync(sync, now),
        GroupMessages.ToDto));

    /// <summary>The answer, waited for where it is parked.</summary>
    public async Task<T> AnswerAsync<T>(Parkable<T> asked)
        where T : class => asked.Answer ?? await Tickets.WaitAsync<T>(asked.Ticket, TestContext.Current.CancellationToken);

    /// <summary>Makes everything durable and waits for the answer.</summary>
    public async Task<T> DurableAsync<T>(Task<Parkable<T>> asking)
        where T : class
    {
        var asked = await asking;
        Log.Publish();
        return await AnswerAsync(asked);
    }

    public async Task<long> CommittedAsync(string groupId, int partition = 0)
    {
        var group = await GroupAsync(groupId);
        return group.Query(rules => rules.CommittedOffset(new PartitionId(Topic.Id, partition)))?.Offset.Value ?? -1;
    }

    public void Dispose()
    {
        Journals.Dispose();
        Wheel.Dispose();
        Log.Dispose();
        _services.Dispose();
    }

    // As the grain does: a group that was given up meanwhile is asked for again.
    private async Task<T> UseAsync<T>(string groupId, Func<GroupRuntime, T> use)
    {
        while (true)
        {
            try
            {
                return use(await GroupAsync(groupId));
            }
            catch (GroupRetiredException)
            {
                await Task.Yield();
            }
        }
    }
}
