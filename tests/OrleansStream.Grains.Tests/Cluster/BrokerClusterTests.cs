using System.Net;
using System.Runtime.CompilerServices;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Log;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Cluster;

// Silos of their own, each with its timers: one test at a time, or they are slow for each other.
[Collection(nameof(BrokerClusterTests))]
[CollectionDefinition(nameof(BrokerClusterTests), DisableParallelization = true)]
public sealed class BrokerClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task All_brokers_say_the_same_of_who_owns_what_and_know_a_new_topic_when_its_creation_is_answered()
    {
        await using var cluster = await StartAsync(3);

        var topic = await cluster.Brokers[0].CreateAsync("spread", 30);

        Assert.All(cluster.Brokers, broker => Assert.Equal(30, broker.View.Current.Find("spread")?.PartitionCount));
        var owners = Of(topic).ToDictionary(partition => partition, partition => cluster.Brokers[0].Members.OwnerOf(partition));
        Assert.All(cluster.Brokers, broker => Assert.All(owners, owner => Assert.Equal(owner.Value, broker.Members.OwnerOf(owner.Key))));
        Assert.All(owners.Values.CountBy(static owner => owner), static share => Assert.Equal(10, share.Value));
        Assert.All(cluster.Brokers, broker => Assert.Equal(cluster.Brokers[0].Members.CoordinatorOf("group"), broker.Members.CoordinatorOf("group")));
        Assert.All(cluster.Brokers, static broker => Assert.Equal([9001, 9002, 9003], broker.Members.Brokers.Select(static live => live.Endpoints["PLAINTEXT"].Port)));
    }

    [Fact]
    public async Task A_partition_opens_on_its_owner_and_nowhere_else_and_every_broker_hears_of_it()
    {
        await using var cluster = await StartAsync(3);
        var partition = Of(await cluster.Brokers[0].CreateAsync("opened", 1)).Single();
        var owner = OwnerOf(cluster, partition);
        var other = cluster.Brokers.First(broker => broker.Id != owner.Id);

        var there = await other.Partitions.OpenAsync(partition, Stop);
        var byGrain = await other.Grains.GetGrain<IPartitionGrain>(partition.ToString()).EnsureOpenAsync(Stop);

        Assert.Equal((ErrorCode.NotLeaderOrFollower, owner.Id), (there.Error, there.Owner));
        Assert.Equal(ErrorCode.None, byGrain.Error);
        Assert.True(owner.Log.Handles.TryGet(partition, out var handle));
        Assert.Equal(handle!.Epoch, byGrain.Epoch);
        await UntilAsync(() => cluster.Brokers.All(broker => broker.Partitions.EpochOf(partition) == handle.Epoch));
    }

    [Fact]
    public async Task A_broker_that_joins_gets_its_share_with_all_records_while_producing_goes_on()
    {
        await using var cluster = await StartAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("moving", 60);
        var acknowledged = new Dictionary<PartitionId, long>();
        foreach (var partition in Of(topic)) acknowledged[partition] = await AppendAsync(cluster, partition) + 1;

        var joined = await cluster.JoinAsync();
        var mine = Of(topic).Where(partition => joined.Members.PlacedOn(partition) == joined.Id).ToList();
        Assert.Equal(15, mine.Count);
        var hasMoved = UntilAsync(() => mine.TrueForAll(partition => joined.Log.Handles.TryGet(partition, out _)));
        while (!hasMoved.IsCompleted)
        {
            foreach (var partition in Of(topic)) acknowledged[partition] = await AppendAsync(cluster, partition) + 1;
        }

        await hasMoved;
        await UntilAsync(() => cluster.Brokers.All(broker => Of(topic).All(partition => broker.Members.OwnerOf(partition) == broker.Members.PlacedOn(partition))));
        foreach (var partition in Of(topic)) Assert.Equal(acknowledged[partition], await OwnerOf(cluster, partition).CountAsync(partition));
    }

    [Fact]
    public async Task A_broker_that_leaves_hands_over_everything_and_serves_until_it_has()
    {
        await using var cluster = await StartAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("left", 30);
        foreach (var partition in Of(topic)) await AppendAsync(cluster, partition);
        var leaving = cluster.Brokers[1];
        Assert.Equal(10, leaving.Log.Handles.All.Count(handle => handle.Id.Topic == topic.Id));

        var left = await leaving.Get<BrokerDrain>().LeaveAsync(Stop);

        Assert.Equal(0, left);
        Assert.True((await cluster.Storage.GetAsync(leaving.Id, Stop))!.Record.IsDraining);
        var others = cluster.Brokers.Where(broker => broker.Id != leaving.Id).ToList();
        await UntilAsync(() => cluster.Brokers.All(broker => Of(topic).All(partition => broker.Members.OwnerOf(partition) != leaving.Id)));

        // Named is not claimed: what the leaving broker let go of is told before the next one has it.
        await UntilAsync(() => others.Sum(broker => broker.Log.Handles.All.Count(handle => handle.Id.Topic == topic.Id)) == 30);
        await UntilAsync(() => Of(topic).All(partition => OwnerOf(cluster, partition).Log.Handles.TryGet(partition, out _)));
        foreach (var partition in Of(topic)) Assert.Equal(1, await OwnerOf(cluster, partition).CountAsync(partition));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await leaving.Partitions.OpenAsync(Of(topic).First(), Stop)).Error);
        await cluster.StopAsync(leaving);
        Assert.Equal(0, others.Sum(broker => broker.Members.Brokers.Count(live => live.Id == leaving.Id)));
    }

    // Between its release and the claim: who was refused at the broker that leaves finds the next one at each of the others, not only at those that heard of the claim.
    [Fact]
    public async Task Every_broker_names_whom_placement_names_for_what_a_leaving_broker_let_go_of()
    {
        await using var cluster = await BrokerCluster.StartAsync(2, new MovementOptions { JoinDelay = TimeSpan.FromHours(1) });
        var topic = await cluster.Brokers[0].CreateAsync("let-go", 12);
        foreach (var partition in Of(topic)) await AppendAsync(cluster, partition);
        var joined = await cluster.JoinAsync();
        await UntilAsync(() => cluster.Brokers.All(broker => Of(topic).All(partition => broker.Members.PlacedOn(partition) == joined.Members.PlacedOn(partition))));

        // Placement may give it nothing of one of them.
        var leaving = cluster.Brokers.First(broker => broker.Id != joined.Id && broker.Log.Handles.All.Any(handle => broker.Members.PlacedOn(handle.Id) == joined.Id));
        var moving = leaving.Log.Handles.All.First(handle => leaving.Members.PlacedOn(handle.Id) == joined.Id);
        await UntilAsync(() => cluster.Brokers.All(broker => broker.Members.OwnerOf(moving.Id) == leaving.Id));

        leaving.Partitions.BeginDraining();
        leaving.Log.Handles.GiveUp(moving);

        await UntilAsync(() => cluster.Brokers.All(broker => broker.Members.OwnerOf(moving.Id) == joined.Id));
        Assert.False(joined.Log.Handles.TryGet(moving.Id, out _));
    }

    [Fact]
    public async Task What_a_leaving_broker_let_go_of_and_nobody_claimed_is_opened_when_it_is_gone()
    {
        await using var cluster = await StartAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("unclaimed", 30);
        foreach (var partition in Of(topic)) await AppendAsync(cluster, partition);
        var leaving = cluster.Brokers.First(broker => broker.Id != cluster.Brokers[0].Members.OwnerOf(HiddenTopics.CatalogPartition));
        await UntilAsync(() => cluster.Brokers.All(broker => Of(topic).All(partition => broker.Partitions.EpochOf(partition) is not null)));
        var unclaimed = leaving.Log.Handles.All.First(handle => handle.Id.Topic == topic.Id);

        leaving.Partitions.BeginDraining();
        leaving.Log.Handles.GiveUp(unclaimed);
        await UntilAsync(() => cluster.Brokers.All(broker => broker.Get<PartitionLeaders>().Find(unclaimed.Id) is { IsLeaving: true }));
        await cluster.KillAsync(leaving);

        await UntilAsync(() => cluster.Brokers.Any(broker => broker.Log.Handles.TryGet(unclaimed.Id, out _)));
    }

    // Storage answers nobody who asks for records, from the moment at which the leaving broker has written its own.
    [Fact]
    public async Task Until_the_others_know_that_a_broker_leaves_it_opens_what_they_send_clients_to_it_for()
    {
        await using var cluster = await StartAsync(2);
        var topic = await cluster.Brokers[0].CreateAsync("asked-for", 30);
        var (staying, leaving) = (cluster.Brokers[0], cluster.Brokers[1]);
        var due = Of(topic).First(partition => leaving.Members.PlacedOn(partition) == leaving.Id);
        var marked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        cluster.Storage.OnRecord = record =>
        {
            cluster.Storage.RecordFault = record.IsDraining ? new LogException("Storage is away.") : null;
            marked.TrySetResult();
        };

        var left = leaving.Get<BrokerDrain>().LeaveAsync(Stop);
        await marked.Task.WaitAsync(Stop);
        Assert.Equal(leaving.Id, staying.Members.PlacedOn(due));
        Assert.Equal(ErrorCode.None, (await leaving.AppendAsync(due)).Error);
        var missed = await staying.Get<PeerRequests>().HearAsync(new BrokerNews { Broker = leaving.Id, Silo = leaving.Silo, RecordChanged = true });
        cluster.Storage.RecordFault = null;

        Assert.True(missed.MissedRecord);
        Assert.Equal(0, await left.WaitAsync(TimeSpan.FromSeconds(10), Stop));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await leaving.Partitions.OpenAsync(due, Stop)).Error);
        Assert.Equal(1, await staying.CountAsync(due));
    }

    // Two processes of one number, where the next one starts before the one before is told to end: whoever is marked gets no partition any more.
    [Fact]
    public async Task A_broker_that_leaves_marks_nobody_who_has_its_number_now()
    {
        await using var cluster = await StartAsync(2);
        var leaving = cluster.Brokers[1];
        var stands = (await cluster.Storage.GetAsync(leaving.Id, Stop))!;
        var next = stands.Record with { SiloAddress = "S127.0.0.1:1:1" };
        await cluster.Storage.CompareAndSetAsync(next, stands.ETag, Stop);

        await leaving.Get<BrokerDrain>().LeaveAsync(Stop);

        Assert.Equal(next, (await cluster.Storage.GetAsync(leaving.Id, Stop))!.Record);
    }

    [Fact]
    public async Task What_a_killed_broker_served_is_opened_by_the_others_without_a_client_and_in_higher_epochs()
    {
        await using var cluster = await StartAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("bereft", 30);
        foreach (var partition in Of(topic)) await AppendAsync(cluster, partition);
        await UntilAsync(() => cluster.Brokers.All(broker => Of(topic).All(partition => broker.Partitions.EpochOf(partition) is not null)));
        var dead = cluster.Brokers.First(broker => broker.Id != cluster.Brokers[0].Members.OwnerOf(HiddenTopics.CatalogPartition));
        var orphans = dead.Log.Handles.All.Where(handle => handle.Id.Topic == topic.Id).ToDictionary(handle => handle.Id, handle => handle.Epoch);
        Assert.Equal(10, orphans.Count);

        await cluster.KillAsync(dead);

        await UntilAsync(() => orphans.Keys.All(partition => cluster.Brokers.Any(broker => broker.Log.Handles.TryGet(partition, out _))));
        foreach (var (partition, epoch) in orphans)
        {
            var owner = OwnerOf(cluster, partition);
            Assert.Equal(1, await owner.CountAsync(partition));
            Assert.True(owner.Partitions.EpochOf(partition) > epoch);
        }

        // Clients are told by all, and of nothing that is lower than what they heard before.
        await UntilAsync(() => cluster.Brokers.All(broker => orphans.All(orphan => broker.Partitions.EpochOf(orphan.Key) > orphan.Value && broker.Members.OwnerOf(orphan.Key) != dead.Id)));
    }

    [Fact]
    public async Task Topics_are_created_and_known_everywhere_after_the_catalog_s_broker_was_killed()
    {
        await using var cluster = await StartAsync(3);
        await cluster.Brokers[0].CreateAsync("before", 1);
        await cluster.KillAsync(OwnerOf(cluster, HiddenTopics.CatalogPartition));
        Assert.Equal(2, cluster.Brokers.Count);

        await cluster.Brokers[0].CreateAsync("after", 1);

        await UntilAsync(() => cluster.Brokers.All(broker => broker.View.Current.Find("after") is not null));
        Assert.All(cluster.Brokers, static broker => Assert.NotNull(broker.View.Current.Find("before")));
        Assert.All(cluster.Brokers, broker => Assert.Equal(broker.View.Current.Version, cluster.Brokers[0].View.Current.Version));
    }

    [Fact]
    public async Task Committed_offsets_are_those_of_the_dead_coordinator_on_the_next_one()
    {
        await using var cluster = await StartAsync(3);
        var partition = Of(await cluster.Brokers[0].CreateAsync("consumed", 1)).Single();
        var group = Enumerable.Range(0, 1000).Select(number => $"group-{number}")
            .First(id => cluster.Brokers[0].Members.CoordinatorOf(id) != cluster.Brokers[0].Members.OwnerOf(HiddenTopics.CatalogPartition));
        var coordinator = cluster.Brokers.Single(broker => broker.Id == cluster.Brokers[0].Members.CoordinatorOf(group));
        Assert.Equal(ErrorCode.None, (await CommitAsync(coordinator, group, partition, 42)).Error);
        Assert.All(cluster.Brokers.Where(broker => broker.Id != coordinator.Id), broker => Assert.NotEqual(broker.Id, broker.Members.CoordinatorOf(group)));

        await cluster.KillAsync(coordinator);

        await UntilAsync(() => cluster.Brokers.All(broker => broker.Members.CoordinatorOf(group) != coordinator.Id));
        var next = cluster.Brokers.Single(broker => broker.Id == cluster.Brokers[0].Members.CoordinatorOf(group));
        var fetched = await next.Get<ILocalGroups>().Of(group).FetchOffsetsAsync(null);
        Assert.Equal((ErrorCode.None, 42), (fetched.Error, Assert.Single(fetched.Offsets).Offset.Value));
        var other = cluster.Brokers.First(broker => broker.Id != next.Id);
        Assert.Equal(ErrorCode.NotCoordinator, (await other.Get<ILocalGroups>().Of(group).FetchOffsetsAsync(null)).Error);
        Assert.Equal(42, Assert.Single((await other.Grains.GetGrain<IConsumerGroupGrain>(GroupKeys.Of(group)).FetchOffsetsAsync(null)).Offsets).Offset.Value);
    }

    // It says first which session is its own, and joins then: whoever took it for dead would fence what it is about to write.
    [Fact]
    public async Task A_broker_that_has_yet_to_join_is_not_taken_for_dead()
    {
        await using var cluster = await StartAsync(2);
        var (asked, other) = (cluster.Brokers[0], cluster.Brokers[1]);
        var joining = new SessionId(new BrokerId(77), Guid.NewGuid());
        cluster.Storage.Put(new BrokerRecord { Broker = joining.Broker, ClusterId = "cluster-of-tests", SiloAddress = SiloAddress.New(IPAddress.Loopback, 1, other.Silo.Generation).ToParsableString(), SiloName = "joining", Session = joining, Listeners = [], Version = "1" });

        Assert.Equal(SessionStanding.Unknown, await asked.Get<LogCluster>().StandingOfAsync(joining, Stop));
        Assert.Equal(SessionStanding.Lives, await asked.Get<LogCluster>().StandingOfAsync(other.Log.Session, Stop));

        await cluster.KillAsync(other);
        await UntilAsync(() => asked.Members.Layout.Members.Count == 1);
        Assert.Equal(SessionStanding.Ended, await asked.Get<LogCluster>().StandingOfAsync(other.Log.Session, Stop));
    }

    [Fact]
    public async Task A_deleted_topic_s_partitions_end_on_every_broker()
    {
        await using var cluster = await StartAsync(3);
        var topic = await cluster.Brokers[0].CreateAsync("mortal", 9);
        foreach (var partition in Of(topic)) await AppendAsync(cluster, partition);

        Assert.Equal(ErrorCode.None, (await cluster.Brokers[2].Grains.GetGrain<ITopicGrain>("mortal").DeleteAsync(null, Stop)).Error);

        // The deletion waits for the news to spread, but for a second at most.
        await UntilAsync(() => cluster.Brokers.All(broker => broker.View.Current.Find("mortal") is null));
        await UntilAsync(() => cluster.Brokers.All(broker => broker.Log.Handles.All.All(handle => handle.Id.Topic != topic.Id)));
    }

    private static Task<BrokerCluster> StartAsync(short brokers) => BrokerCluster.StartSettledAsync(brokers);

    private static IEnumerable<PartitionId> Of(Topic topic) => Enumerable.Range(0, topic.PartitionCount).Select(index => new PartitionId(topic.Id, index));

    private static TestBroker OwnerOf(BrokerCluster cluster, PartitionId partition)
    {
        var owner = cluster.Brokers[0].Members.OwnerOf(partition);
        return cluster.Brokers.Single(broker => broker.Id == owner);
    }

    // As a client does: it asks any broker who leads, and asks again where it is refused.
    private static async Task<long> AppendAsync(BrokerCluster cluster, PartitionId partition)
    {
        var appended = (Error: ErrorCode.NotLeaderOrFollower, Offset: -1L);
        for (var started = TimeProvider.System.GetTimestamp(); appended.Error == ErrorCode.NotLeaderOrFollower && TimeProvider.System.GetElapsedTime(started) < Patience;)
        {
            appended = await OwnerOf(cluster, partition).AppendAsync(partition);
            if (appended.Error != ErrorCode.None) await Task.Delay(5, Stop);
        }

        Assert.Equal(ErrorCode.None, appended.Error);
        return appended.Offset;
    }

    private static async Task<CommitAnswer> CommitAsync(TestBroker broker, string group, PartitionId partition, long offset)
    {
        var asked = await broker.Get<ILocalGroups>().Of(group).CommitAsync(new CommitRequest { Offsets = [new OffsetToCommit(partition, "consumed", new Offset(offset), LeaderEpoch.None, null)] });
        return asked.Answer ?? await broker.Get<TicketBoard>().WaitAsync<CommitAnswer>(asked.Ticket, Stop);
    }

    // What must come by itself, and names what did not.
    private static async Task UntilAsync(Func<bool> condition, [CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        for (var started = TimeProvider.System.GetTimestamp(); !condition(); await Task.Delay(10, Stop))
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience) Assert.Fail($"Not within {Patience}: {what}");
        }
    }
}
