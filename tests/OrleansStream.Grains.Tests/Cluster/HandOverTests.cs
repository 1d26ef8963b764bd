using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Topics;
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
        _target.Answer = async (_, request) =>
        {
            atOnce = Math.Max(atOnce, Interlocked.Add(ref claims, request.Partitions.Length));
            await Task.Yield();
            Interlocked.Add(ref claims, -request.Partitions.Length);
            lock (asked) asked.AddRange(request.Partitions);
            if (asked.Count > Moving) leaving.Where(handle => request.Partitions.Contains(handle.Id)).ToList().ForEach(handles.GiveUp);
            return [];
        };

        var moved = new HandedOver();
        var running = Of(cluster).RunAsync(moved, Stop);
        await PassAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));

        await running;
        Assert.Equal((Moving, $"{Moving} to broker {cluster.Brokers[1].Id}"), (moved.Total, moved.ToString()));
        Assert.Equal(new MovementOptions().HandOverAtOnce, atOnce);
        Assert.All(leaving, handle => Assert.Equal((false, 2), (handle.IsOwner, asked.Count(handle.Id.Equals))));
    }

    // A client that is refused for one partition looks for the leaders of its whole topic.
    [Fact]
    public async Task Partitions_of_a_topic_are_asked_for_one_after_the_other_and_topics_by_their_ids()
    {
        await using var cluster = await ClusterAsync();
        var first = cluster.Brokers[0];
        for (var topic = 0; topic < 3; topic++)
        {
            var created = await first.CreateAsync($"topic-{topic}", Moving);
            for (var index = 0; index < Moving; index++) Assert.Equal(ErrorCode.None, (await first.AppendAsync(new PartitionId(created.Id, index))).Error);
        }

        await cluster.JoinAsync();
        List<PartitionHandle> Due() => [.. first.Log.Handles.All.Where(handle => handle.IsOwner && !HiddenTopics.Contains(handle.Id.Topic) && first.Members.PlacedOn(handle.Id) != first.Id)];
        while (Due().Count < 3) await Task.Delay(10, Stop);
        var due = Due().ConvertAll(static handle => handle.Id);
        var asked = new List<PartitionId>();
        _target.Answer = (_, request) =>
        {
            asked.AddRange(request.Partitions);
            first.Log.Handles.All.Where(handle => request.Partitions.Contains(handle.Id)).ToList().ForEach(first.Log.Handles.GiveUp);
            return Task.FromResult<ImmutableArray<ErrorCode>>([]);
        };

        var running = Of(cluster).RunAsync(new HandedOver(), Stop);
        await PassAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));

        Assert.Equal(due.Order(), asked.Where(static partition => !HiddenTopics.Contains(partition.Topic)));
    }

    // The test's time stands still: no question is given up in it.
    [Fact]
    public async Task A_broker_that_does_not_answer_holds_up_nothing_that_belongs_to_others()
    {
        await using var cluster = await ClusterAsync();
        await LeavingAsync(cluster, to: 2);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var (first, silent, quick) = (cluster.Brokers[0], cluster.Brokers[1], cluster.Brokers[2]);
        List<PartitionHandle> DueTo(TestBroker broker) => [.. first.Log.Handles.All.Where(handle => handle.IsOwner && first.Members.PlacedOn(handle.Id) == broker.Id)];
        var asked = 0;
        _target.Answer = (silo, request) =>
        {
            if (silo.Equals(first.Members.SiloOf(silent.Id)))
            {
                Interlocked.Increment(ref asked);
                return new TaskCompletionSource<ImmutableArray<ErrorCode>>().Task;
            }

            DueTo(quick).Where(handle => request.Partitions.Contains(handle.Id)).ToList().ForEach(first.Log.Handles.GiveUp);
            return Task.FromResult<ImmutableArray<ErrorCode>>([]);
        };

        var running = Of(cluster).RunAsync(new HandedOver(), end.Token);
        await PassAsync(() => DueTo(quick).Count == 0 && Volatile.Read(ref asked) > 0, TimeSpan.Zero);

        Assert.Equal((1, Moving), (asked, DueTo(silent).Count));
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    // The cluster changes again while a broker is silent about what it was asked for before.
    [Fact]
    public async Task A_broker_that_joins_while_another_does_not_answer_gets_its_share()
    {
        await using var cluster = await ClusterAsync();
        await LeavingAsync(cluster);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var (first, silent) = (cluster.Brokers[0], cluster.Brokers[1]);
        var asked = new ConcurrentDictionary<SiloAddress, bool>();
        _target.Answer = (silo, _) =>
        {
            asked[silo] = true;
            return new TaskCompletionSource<ImmutableArray<ErrorCode>>().Task;
        };

        var running = Of(cluster).RunAsync(new HandedOver(), end.Token);
        await PassAsync(() => asked.ContainsKey(first.Members.SiloOf(silent.Id)!), TimeSpan.Zero);
        var late = await cluster.JoinAsync();
        await PassAsync(() => first.Members.SiloOf(late.Id) is { } silo && asked.ContainsKey(silo), TimeSpan.FromMilliseconds(500));

        Assert.Equal(2, asked.Count);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    // It was asked for, and then the cluster changed: another broker has it before the first one answers.
    [Fact]
    public async Task A_partition_that_is_due_to_one_broker_and_then_to_another_is_counted_once()
    {
        await using var cluster = await ClusterAsync();
        await LeavingAsync(cluster);
        var (first, slow) = (cluster.Brokers[0], cluster.Brokers[1]);
        var (asked, answers) = (new ConcurrentDictionary<SiloAddress, bool>(), new TaskCompletionSource());
        _target.Answer = async (silo, request) =>
        {
            asked[silo] = true;
            if (silo.Equals(first.Members.SiloOf(slow.Id))) await answers.Task;
            first.Log.Handles.All.Where(handle => request.Partitions.Contains(handle.Id)).ToList().ForEach(first.Log.Handles.GiveUp);
            return [];
        };
        List<PartitionHandle> open = [.. first.Log.Handles.All];
        var moved = new HandedOver();
        var running = Of(cluster).RunAsync(moved, Stop);
        await PassAsync(() => asked.ContainsKey(first.Members.SiloOf(slow.Id)!), TimeSpan.Zero);
        var late = await cluster.JoinAsync();
        await PassAsync(() => first.Members.SiloOf(late.Id) is { } silo && asked.ContainsKey(silo) && !first.Log.Handles.All.Any(handle => first.Members.PlacedOn(handle.Id) == late.Id), TimeSpan.FromMilliseconds(500));
        answers.SetResult();
        await PassAsync(() => running.IsCompleted, TimeSpan.FromMilliseconds(500));

        await running;
        Assert.Equal(open.Count(static handle => !handle.IsOwner), moved.Total);
    }

    private HandOver Of(BrokerCluster cluster)
    {
        var broker = cluster.Brokers[0];
        return new HandOver(broker.Members, broker.Log.Handles, _target, new MoveSurroundings(new MovementOptions(), new MovementMetrics(broker.Get<IMeterFactory>()), _time, NullLogger<PartitionMover>.Instance));
    }

    // Brokers that hand over nothing by themselves.
    private static Task<BrokerCluster> ClusterAsync() => BrokerCluster.StartAsync(1, new MovementOptions { JoinDelay = TimeSpan.FromHours(1) });

    // Partitions of one topic that are open at the first broker, and so many due to each of those that joined.
    private static async Task<List<PartitionHandle>> LeavingAsync(BrokerCluster cluster, int to = 1)
    {
        var first = cluster.Brokers[0];
        var topic = await first.CreateAsync("leaving", (to + 1) * Moving);
        for (var index = 0; index < topic.PartitionCount; index++) Assert.Equal(ErrorCode.None, (await first.AppendAsync(new PartitionId(topic.Id, index))).Error);
        for (var joined = 0; joined < to; joined++) await cluster.JoinAsync();
        List<PartitionHandle> Leaving() => [.. first.Log.Handles.All.Where(handle => handle.Id.Topic == topic.Id && first.Members.PlacedOn(handle.Id) != first.Id)];
        while (Leaving().GroupBy(handle => first.Members.PlacedOn(handle.Id)).Count(static target => target.Count() == Moving) != to) await Task.Delay(10, Stop);
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

    private sealed class Target : IBrokerServices
    {
        public Func<SiloAddress, ClaimRequest, Task<ImmutableArray<ErrorCode>>> Answer { get; set; } = static (_, _) => throw new NotSupportedException();

        public IBrokerService Of(SiloAddress silo) => new Service(this, silo);
    }

    private sealed class Service(Target target, SiloAddress silo) : UnaskedPeer
    {
        public override Task<ImmutableArray<ErrorCode>> ClaimAsync(ClaimRequest request) => target.Answer(silo, request);
    }
}
