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
    private const int Moving = 8;
    private readonly FakeTimeProvider _time = new();
    private readonly Target _target = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_broker_that_stays_asks_for_few_at_a_time_and_again_for_what_was_not_taken()
    {
        await using var cluster = await ClusterAsync();
        var leaving = await LeavingAsync(cluster);
        var (handles, claims, atOnce) = (cluster.Brokers[0].Log.Handles, 0, 0);
        var asked = new List<PartitionId>();
        _target.Answer = async request =>
        {
            atOnce = Math.Max(atOnce, Interlocked.Add(ref claims, request.Partitions.Length));
            await Task.Yield();
            Interlocked.Add(ref claims, -request.Partitions.Length);
            lock (asked) asked.AddRange(request.Partitions);
            if (asked.Count > Moving) leaving.Where(handle => request.Partitions.Contains(handle.Id)).ToList().ForEach(handles.GiveUp);
            return [];
        };

        var running = Of(cluster).RunAsync(Stop);
        await PassAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));

        Assert.Equal(Moving, await running);
        Assert.Equal(new MovementOptions().HandOverAtOnce, atOnce);
        Assert.All(leaving, handle => Assert.Equal((false, 2), (handle.IsOwner, asked.Count(handle.Id.Equals))));
    }

    private HandOver Of(BrokerCluster cluster)
    {
        var broker = cluster.Brokers[0];
        return new HandOver(broker.Members, broker.Log.Handles, _target, new MoveSurroundings(new MovementOptions(), new MovementMetrics(broker.Get<IMeterFactory>()), _time, NullLogger<PartitionMover>.Instance));
    }

    // Brokers that hand over nothing by themselves.
    private static Task<BrokerCluster> ClusterAsync() => BrokerCluster.StartAsync(1, new MovementOptions { JoinDelay = TimeSpan.FromHours(1) });

    private static async Task<List<PartitionHandle>> LeavingAsync(BrokerCluster cluster)
    {
        var first = cluster.Brokers[0];
        var topic = await first.CreateAsync("leaving", 2 * Moving);
        for (var index = 0; index < topic.PartitionCount; index++) Assert.Equal(ErrorCode.None, (await first.AppendAsync(new PartitionId(topic.Id, index))).Error);
        var joined = await cluster.JoinAsync();
        List<PartitionHandle> Leaving() => [.. first.Log.Handles.All.Where(handle => handle.Id.Topic == topic.Id && first.Members.PlacedOn(handle.Id) == joined.Id)];
        while (Leaving().Count != Moving) await Task.Delay(10, Stop);
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
        public Func<ClaimRequest, Task<ImmutableArray<ErrorCode>>> Answer { get; set; } = static _ => throw new NotSupportedException();

        public IBrokerService Of(SiloAddress silo) => this;

        public Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request) => Answer(request);

        public Task<BrokerStats> StatsAsync() => throw new NotSupportedException();

        public Task<IReadOnlyList<LocalPartition>> LocalPartitionsAsync(PartitionId? after, int atMost) => throw new NotSupportedException();

        public Task<int> DrainAsync() => throw new NotSupportedException();

        public Task<ReleaseReply> PrepareAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

        public Task<ReleaseReply> ReleaseAsync(PartitionId partition, SessionId owner) => throw new NotSupportedException();

        public Task<ReleaseReply?> ReleaseRestAsync(Guid answer, int from) => throw new NotSupportedException();

        public Task<HeardNews> HearAsync(BrokerNews news) => throw new NotSupportedException();
    }
}
