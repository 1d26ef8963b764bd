using System.Collections.Immutable;
using Orleans.Runtime;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Silo;

public sealed class GrainDoorTests(BrokerSilo silo) : IClassFixture<BrokerSilo>
{
    private static readonly ImmutableSortedDictionary<string, string> NoConfigs = ImmutableSortedDictionary<string, string>.Empty;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_topic_that_was_created_is_in_the_view_at_once_and_once_only()
    {
        Assert.Equal(ErrorCode.None, (await CreateAsync("created", 3)).Error);

        Assert.Equal(3, silo.View.Current.Find("created")!.PartitionCount);
        Assert.Equal(ErrorCode.TopicAlreadyExists, (await CreateAsync("created", 3)).Error);
    }

    [Fact]
    public async Task A_topic_that_cannot_be_is_refused()
    {
        Assert.Equal(ErrorCode.InvalidTopicException, (await CreateAsync("bad/name", 1)).Error);
        Assert.Equal(ErrorCode.InvalidPartitions, (await CreateAsync("none", 0)).Error);
        Assert.Equal(ErrorCode.InvalidPartitions, (await CreateAsync("too-many", 100_001)).Error);
        Assert.Equal(ErrorCode.InvalidConfig, (await CreateAsync("unknown-config", 1, NoConfigs.Add("no.such", "1"))).Error);
        Assert.Equal(ErrorCode.None, (await silo.Topic("validated").CreateAsync(new CreateTopic(new TopicId(Guid.NewGuid()), 1, 1, NoConfigs, ValidateOnly: true), Stop)).Error);
        Assert.Null(silo.View.Current.Find("validated"));
        await CreateAsync("dot.ted", 1);
        Assert.Equal(ErrorCode.InvalidTopicException, (await silo.Topic("dot_ted").CreateAsync(new CreateTopic(new TopicId(Guid.NewGuid()), 1, 1, NoConfigs, ValidateOnly: true), Stop)).Error);
        Assert.Equal(ErrorCode.InvalidTopicException, (await CreateAsync("dot_ted", 1)).Error);
    }

    [Fact]
    public async Task Of_many_who_create_a_topic_at_once_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => CreateAsync("raced", 1)));

        Assert.Single(answers, answer => answer.Error == ErrorCode.None);
        Assert.Equal(19, answers.Count(answer => answer.Error == ErrorCode.TopicAlreadyExists));
    }

    [Fact]
    public async Task A_topic_grows_and_never_shrinks()
    {
        await CreateAsync("growing", 2);

        Assert.Equal(ErrorCode.InvalidPartitions, (await silo.Topic("growing").GrowAsync(2, validateOnly: false, Stop)).Error);
        Assert.Equal(ErrorCode.InvalidPartitions, (await silo.Topic("growing").GrowAsync(1, validateOnly: false, Stop)).Error);
        Assert.Equal(ErrorCode.None, (await silo.Topic("growing").GrowAsync(4, validateOnly: true, Stop)).Error);
        Assert.Equal(2, silo.View.Current.Find("growing")!.PartitionCount);
        Assert.Equal(ErrorCode.None, (await silo.Topic("growing").GrowAsync(4, validateOnly: false, Stop)).Error);
        Assert.Equal(ErrorCode.None, (await OpenAsync("growing", 3)).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await OpenAsync("growing", 4)).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await silo.Topic("never").GrowAsync(4, validateOnly: false, Stop)).Error);
    }

    [Fact]
    public async Task Configs_are_in_force_on_partitions_that_are_open()
    {
        await CreateAsync("configured", 1);
        await OpenAsync("configured", 0);
        silo.Log.Handles.TryGet(Partition("configured", 0), out var handle);

        var change = new ConfigureTopic([new ConfigChange("max.message.bytes", ConfigOperation.Set, "777")], ReplaceAll: false, ValidateOnly: false);
        Assert.Equal(ErrorCode.None, (await silo.Topic("configured").ConfigureAsync(change, Stop)).Error);

        Assert.Equal(777, handle!.Settings.MaxMessageBytes);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await silo.Topic("never").ConfigureAsync(change, Stop)).Error);
    }

    [Fact]
    public async Task A_topic_that_was_deleted_is_gone_and_its_name_makes_another_topic()
    {
        await CreateAsync("mortal", 2);
        await OpenAsync("mortal", 0);
        var old = silo.View.Current.Find("mortal")!.Id;
        silo.Log.Handles.TryGet(new PartitionId(old, 0), out var handle);

        Assert.Equal(ErrorCode.None, (await silo.Topic("mortal").DeleteAsync(null, Stop)).Error);

        Assert.Null(silo.View.Current.Find("mortal"));
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await silo.Topic("mortal").DeleteAsync(null, Stop)).Error);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await silo.Grains.GetGrain<IPartitionGrain>(new PartitionId(old, 1).ToString()).EnsureOpenAsync(Stop)).Error);
        Assert.Equal(ErrorCode.None, (await CreateAsync("mortal", 1)).Error);
        Assert.NotEqual(old, silo.View.Current.Find("mortal")!.Id);
        while (handle!.IsOwner)
        {
            Stop.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_topic_that_is_deleted_by_its_id_is_that_one_and_not_the_next_one_of_its_name()
    {
        await CreateAsync("renewed", 1);
        var first = silo.View.Current.Find("renewed")!.Id;
        Assert.Equal(ErrorCode.None, (await silo.Topic("renewed").DeleteAsync(first, Stop)).Error);
        await CreateAsync("renewed", 1);
        var second = silo.View.Current.Find("renewed")!.Id;

        Assert.Equal(ErrorCode.UnknownTopicId, (await silo.Topic("renewed").DeleteAsync(first, Stop)).Error);

        Assert.Equal(second, silo.View.Current.Find("renewed")!.Id);
        Assert.Equal(ErrorCode.None, (await silo.Topic("renewed").DeleteAsync(second, Stop)).Error);
        Assert.Equal(ErrorCode.UnknownTopicId, (await silo.Topic("renewed").DeleteAsync(second, Stop)).Error);
    }

    [Fact]
    public async Task D3_a_deletion_that_fails_half_way_is_tried_again_until_every_partition_has_its_tombstone()
    {
        await CreateAsync("stubborn", 3);
        var id = silo.View.Current.Find("stubborn")!.Id;
        silo.Faulty.FailDeletions(5);

        Assert.Equal(ErrorCode.None, (await silo.Topic("stubborn").DeleteAsync(null, Stop)).Error);

        while (!Enumerable.Range(0, 3).All(index => silo.Faulty.Deleted.ContainsKey(new PartitionId(id, index))))
        {
            Stop.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    [Fact]
    public async Task A_partition_is_claimed_once_and_an_idle_silo_keeps_its_grain()
    {
        await CreateAsync("kept", 1);
        var opened = await OpenAsync("kept", 0);
        var management = silo.Grains.GetGrain<IManagementGrain>(0);

        await management.ForceActivationCollection(TimeSpan.Zero, Stop);

        // Topics' grains hold nothing and go: so something was collected.
        Assert.Equal(0, await ActivationsAsync(management, "TopicGrain"));
        Assert.NotEqual(0, await ActivationsAsync(management, "PartitionGrain"));
        Assert.Equal(1, await ActivationsAsync(management, "CatalogGrain"));
        Assert.Equal((ErrorCode.None, opened.Epoch), ((await OpenAsync("kept", 0)).Error, (await OpenAsync("kept", 0)).Epoch));
    }

    // Orleans has keys that it refuses; a group may have any name.
    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\t\n")]
    [InlineData("\u3000")]
    [InlineData("\0")]
    [InlineData("a/b+c#d")]
    public async Task Pitfall_28_a_group_of_any_name_commits_through_its_grain(string groupId)
    {
        await CreateAsync("odd", 1);
        var group = silo.Grains.GetGrain<IConsumerGroupGrain>(GroupKeys.Of(groupId));
        var commit = new CommitRequest { MemberId = "", Generation = -1, Offsets = [new OffsetToCommit(Partition("odd", 0), "odd", new Offset(42), LeaderEpoch.None, null)] };

        Assert.Equal(ErrorCode.None, (await AnswerAsync(await group.CommitAsync(commit))).Error);
        Assert.Equal(42, (await group.FetchOffsetsAsync(null)).Offsets.Single().Offset.Value);
        Assert.Equal(ErrorCode.None, (await AnswerAsync(await group.DeleteAsync())).Error);
    }

    [Fact]
    public async Task A_group_joins_syncs_commits_and_leaves_through_its_grain()
    {
        await CreateAsync("read", 1);
        var group = silo.Grains.GetGrain<IConsumerGroupGrain>(GroupKeys.Of("readers"));
        var unknown = await AnswerAsync(await group.JoinAsync(Join("")));
        Assert.Equal(ErrorCode.MemberIdRequired, unknown.Error);
        var joined = await AnswerAsync(await group.JoinAsync(Join(unknown.MemberId)));
        Assert.Equal((ErrorCode.None, 1), (joined.Error, joined.Generation));
        var synced = await AnswerAsync(await group.SyncAsync(new SyncRequest
        {
            MemberId = joined.MemberId, Generation = 1, Assignments = [new MemberAssignment(joined.MemberId, [7])],
        }));
        Assert.Equal([7], synced.Assignment);

        var commit = new CommitRequest { MemberId = joined.MemberId, Generation = 1, Offsets = [new OffsetToCommit(Partition("read", 0), "read", new Offset(42), LeaderEpoch.None, null)] };
        Assert.Equal(ErrorCode.None, (await AnswerAsync(await group.CommitAsync(commit))).Error);
        Assert.Equal(ErrorCode.IllegalGeneration, (await AnswerAsync(await group.CommitAsync(commit with { Generation = 0 }))).Error);
        Assert.Equal(42, (await group.FetchOffsetsAsync(null)).Offsets.Single().Offset.Value);
        Assert.Equal("Stable", (await group.DescribeAsync()).State);
        Assert.Equal(ErrorCode.None, await group.HeartbeatAsync(new HeartbeatRequest(joined.MemberId, null, 1)));
        Assert.Equal(ErrorCode.None, (await group.LeaveAsync(new LeaveRequest([new LeavingMember(joined.MemberId, null, null)]))).Error);
        Assert.Equal("Empty", (await group.DescribeAsync()).State);
        Assert.Equal(ErrorCode.None, (await AnswerAsync(await group.DeleteAsync())).Error);
        Assert.False((await group.DescribeAsync()).Found);
    }

    private static JoinRequest Join(string memberId) => new()
    {
        MemberId = memberId,
        SessionTimeout = TimeSpan.FromSeconds(10),
        RebalanceTimeout = TimeSpan.FromSeconds(60),
        ProtocolType = "consumer",
        Protocols = [new MemberProtocol("range", [0, 0])],
    };

    private static async Task<int> ActivationsAsync(IManagementGrain management, string type) =>
        (await management.GetSimpleGrainStatistics()).Where(row => row.GrainType.Contains(type, StringComparison.Ordinal)).Sum(row => row.ActivationCount);

    private Task<TopicChange> CreateAsync(string name, int partitions, ImmutableSortedDictionary<string, string>? configs = null) =>
        silo.Topic(name).CreateAsync(new CreateTopic(new TopicId(Guid.NewGuid()), partitions, 1, configs ?? NoConfigs, ValidateOnly: false), Stop);

    private PartitionId Partition(string topic, int index) => new(silo.View.Current.Find(topic)!.Id, index);

    private Task<OpenResult> OpenAsync(string topic, int index) => silo.Grains.GetGrain<IPartitionGrain>(Partition(topic, index).ToString()).EnsureOpenAsync(Stop);

    private async Task<T> AnswerAsync<T>(Parkable<T> asked)
        where T : class => asked.Answer ?? await silo.Tickets.WaitAsync<T>(asked.Ticket, Stop);
}
