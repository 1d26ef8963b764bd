using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Cluster;

// The hand-over of one broker to another that answers as the test says, by the test's clock.
[Collection(nameof(BrokerClusterTests))]
public sealed class HandOverTests
{
    private static readonly TimeSpan Notice = TimeSpan.FromSeconds(1);
    private const int FirstWave = 8;
    private readonly FakeTimeProvider _time = new();
    private readonly Target _target = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Producers_are_sent_to_no_broker_that_does_not_answer()
    {
        await using var cluster = await ClusterAsync();
        var leaving = await LeavingAsync(cluster);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        _target.Answer = static _ => new TaskCompletionSource<ImmutableArray<ErrorCode>>().Task;

        var running = Of(cluster).RunAsync(end.Token);
        Assert.All(leaving, static handle => Assert.NotNull(handle.Next));
        await PassAsync(() => _target.Asked == 1, Notice);
        await PassAsync(() => leaving.TrueForAll(static handle => handle.Next is null), Notice);

        // By itself, and long before the question is given up.
        Assert.Equal(1, _target.Asked);
        Assert.All(leaving, static handle => Assert.True(handle.IsOwner));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Producers_are_told_nothing_of_a_broker_that_was_asked_and_took_nothing()
    {
        await using var cluster = await ClusterAsync();
        var leaving = await LeavingAsync(cluster);
        var announced = new List<int>();
        _target.Answer = asked =>
        {
            announced.Add(leaving.Count(static handle => handle.Next is not null));
            if (announced.Count > 3) leaving.Where(handle => asked.Partitions.Contains(handle.Id)).ToList().ForEach(cluster.Brokers[0].Log.Handles.GiveUp);
            return Task.FromResult<ImmutableArray<ErrorCode>>([]);
        };

        var running = Of(cluster).RunAsync(Stop);
        await PassAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));

        Assert.Equal(leaving.Count, await running);
        Assert.Equal([leaving.Count, 0, 0, 0], announced.Take(4));
        Assert.All(leaving, static handle => Assert.False(handle.IsOwner));
    }

    [Fact]
    public async Task A_broker_that_took_something_or_another_cluster_makes_good_what_was_refused()
    {
        await using var cluster = await ClusterAsync();
        var leaving = await LeavingAsync(cluster);
        var notices = new MoveNotices(cluster.Brokers[0].Members, cluster.Brokers[0].Log.Handles, isOn: true);
        var target = cluster.Brokers[1].Id;

        Assert.False(notices.Asked(target, leaving));
        notices.Announce(leaving);
        Assert.All(leaving, static handle => Assert.Null(handle.Next));
        cluster.Brokers[0].Log.Handles.GiveUp(leaving[0]);
        Assert.True(notices.Asked(target, leaving[..2]));
        notices.Announce(leaving);

        // What it left of those that it was asked for is not named again; the others are.
        Assert.Null(leaving[1].Next);
        Assert.All(leaving[2..], handle => Assert.Equal(target, handle.Next?.Broker));
        notices.Doubt(target);
        Assert.All(leaving[1..], static handle => Assert.Null(handle.Next));
        notices.OnChanged();
        notices.Announce(leaving);
        Assert.All(leaving[1..], handle => Assert.Equal(target, handle.Next?.Broker));
        notices.End();
        Assert.All(leaving[1..], static handle => Assert.Null(handle.Next));
    }

    // Told early, a producer without idempotence has a batch on its way to either broker.
    [Fact]
    public async Task Nobody_is_told_unless_an_operator_wants_it()
    {
        await using var cluster = await ClusterAsync();
        var leaving = await LeavingAsync(cluster);
        Assert.Equal(TimeSpan.Zero, new MovementOptions().Notice);

        new MoveNotices(cluster.Brokers[0].Members, cluster.Brokers[0].Log.Handles, isOn: false).Announce(leaving);

        Assert.All(leaving, static handle => Assert.Null(handle.Next));
    }

    private HandOver Of(BrokerCluster cluster)
    {
        var broker = cluster.Brokers[0];
        var options = new MovementOptions { Notice = Notice };
        return new HandOver(broker.Members, broker.Log.Handles, _target, new MoveSurroundings(options, new MovementMetrics(broker.Get<IMeterFactory>()), _time, NullLogger<PartitionMover>.Instance));
    }

    // Brokers that hand over nothing by themselves.
    private static Task<BrokerCluster> ClusterAsync() => BrokerCluster.StartAsync(1, new MovementOptions { JoinDelay = TimeSpan.FromHours(1) });

    private static async Task<List<PartitionHandle>> LeavingAsync(BrokerCluster cluster)
    {
        var first = cluster.Brokers[0];
        var topic = await first.CreateAsync("leaving", 2 * FirstWave);
        for (var index = 0; index < topic.PartitionCount; index++) Assert.Equal(ErrorCode.None, (await first.AppendAsync(new PartitionId(topic.Id, index))).Error);
        var joined = await cluster.JoinAsync();
        List<PartitionHandle> Leaving() => [.. first.Log.Handles.All.Where(handle => handle.Id.Topic == topic.Id && first.Members.PlacedOn(handle.Id) == joined.Id)];
        while (Leaving().Count != FirstWave) await Task.Delay(10, Stop);
        return Leaving();
    }

    // Lets the test's time pass in small steps until something has come about; what runs has its turn in between.
    private async Task PassAsync(Func<bool> condition, TimeSpan atMostOfATurn)
    {
        for (var step = 0; !condition(); step++)
        {
            Assert.True(step < 2000);
            await Task.Delay(1, Stop);
            if (step % 20 == 19) _time.Advance(atMostOfATurn);
        }
    }

    private sealed class Target : IBrokerServices, IBrokerService
    {
        private int _asked;

        public int Asked => Volatile.Read(ref _asked);

        public Func<ClaimRequest, Task<ImmutableArray<ErrorCode>>> Answer { get; set; } = static _ => throw new NotSupportedException();

        public IBrokerService Of(SiloAddress silo) => this;

        public Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request)
        {
            Interlocked.Increment(ref _asked);
            return Answer(request);
        }

        public Task<BrokerStats> StatsAsync() => throw new NotSupportedException();

        public Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost) => throw new NotSupportedException();

        public Task<int> DrainAsync() => throw new NotSupportedException();

        public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

        public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

        public Task<ReleaseReply?> ReleaseRestAsync(Guid answer, int from) => throw new NotSupportedException();

        public Task<HeardNews> HearAsync(BrokerNews news) => throw new NotSupportedException();
    }
}
