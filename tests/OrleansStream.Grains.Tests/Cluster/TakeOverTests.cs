using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Orleans.Runtime;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Cluster;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Grains.Tests.Cluster;

// What a broker does for partitions of one that is gone, over a log that answers as the test says, by the test's clock.
[Collection(nameof(BrokerClusterTests))]
public sealed class TakeOverTests : IDisposable
{
    private static readonly Topic Topic = new() { Id = new TopicId(new Guid(5, 5, 5, new byte[8])), Name = "orphans", PartitionCount = 10, ReplicationFactor = 1 };
    private static readonly Leader Gone = new(new BrokerId(99), SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 1), 1), new LeaderEpoch(3), IsServing: true);

    private readonly Clock _time = new();
    private readonly MemoryLog _log = new();
    private readonly CatalogView _view = new();
    private readonly Wake _look = new();
    private readonly ConcurrentQueue<PartitionId> _asked = new();
    private readonly PartitionLeaders _leaders;

    public TakeOverTests()
    {
        _view.Publish(CatalogSnapshot.Empty.With(Topic, 1));
        _leaders = new PartitionLeaders(_view);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_failed_for_a_moment_is_tried_again_while_another_opening_hangs()
    {
        await using var cluster = await ClusterAsync();
        var hangs = new TaskCompletionSource<OpenedHandle>();
        Orphan(0, 1);
        Answer(partition => partition == At(0) ? hangs.Task : Asked(partition) == 1 ? Task.FromResult(new OpenedHandle(ErrorCode.LeaderNotAvailable, null)) : null);

        var running = Of(cluster).OpenOrphansAsync(_look, Stop);
        await PassUntilAsync(() => IsOpen(1));

        Assert.False(running.IsCompleted);
        Answer(static _ => null);
        hangs.SetResult(new OpenedHandle(ErrorCode.NotLeaderOrFollower, null));
        await PassUntilAsync(() => running.IsCompleted);
        await running;
        Assert.True(IsOpen(0));
    }

    [Fact]
    public async Task What_storage_fails_is_tried_again_after_pauses_that_grow_to_half_a_minute()
    {
        await using var cluster = await ClusterAsync();
        Orphan(0);
        Answer(partition => Asked(partition) <= 11 ? Task.FromResult(new OpenedHandle(ErrorCode.KafkaStorageError, null)) : null);

        var running = Of(cluster).OpenOrphansAsync(_look, Stop);
        await PassUntilAsync(() => running.IsCompleted);

        await running;
        Assert.True(IsOpen(0));
        Assert.Equal(12, Asked(At(0)));
        Assert.Equal([6.4, 12.8, 25.6, 30, 30, 30], _time.Pauses.Select(static pause => pause.TotalSeconds).Where(static seconds => seconds > 5));
    }

    // It does not heal, and each opening reads it again; a client that asks for it hears why.
    [Theory, InlineData(true), InlineData(false)]
    public async Task What_is_damaged_or_does_not_exist_is_not_asked_for_again(bool isDamaged)
    {
        await using var cluster = await ClusterAsync();
        Orphan(0, 1);
        var refused = isDamaged ? new OpenedHandle(ErrorCode.KafkaStorageError, null) { Damage = new CorruptBlockException("p/a", 0, "a test said so") } : new OpenedHandle(ErrorCode.UnknownTopicOrPartition, null);
        Answer(partition => partition == At(0) ? Task.FromResult(refused) : Asked(partition) <= 5 ? Task.FromResult(new OpenedHandle(ErrorCode.KafkaStorageError, null)) : null);

        var running = Of(cluster).OpenOrphansAsync(_look, Stop);
        await PassUntilAsync(() => running.IsCompleted);

        await running;
        Assert.Equal((1, 6, false, true), (Asked(At(0)), Asked(At(1)), IsOpen(0), IsOpen(1)));
    }

    // The test's time stands still: nothing but the change lets it look.
    [Fact]
    public async Task A_broker_that_goes_while_others_partitions_are_tried_again_is_taken_over_at_once()
    {
        await using var cluster = await ClusterAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        Orphan(0);
        Answer(partition => partition == At(0) ? Task.FromResult(new OpenedHandle(ErrorCode.KafkaStorageError, null)) : null);
        var running = Of(cluster).OpenOrphansAsync(_look, end.Token);
        await Until.SoAsync(() => Asked(At(0)) == 1);

        Orphan(1);
        _look.Set();
        await Until.SoAsync(() => IsOpen(1));

        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task So_many_are_opened_at_once_and_the_end_of_the_last_one_is_the_end_of_it()
    {
        await using var cluster = await ClusterAsync();
        var opening = new ConcurrentQueue<TaskCompletionSource<OpenedHandle>>();
        Orphan([.. Enumerable.Range(0, 5)]);
        Answer(_ =>
        {
            var answer = new TaskCompletionSource<OpenedHandle>(TaskCreationOptions.RunContinuationsAsynchronously);
            opening.Enqueue(answer);
            return answer.Task;
        });

        var running = Of(cluster, new MovementOptions { AtOnce = 2 }).OpenOrphansAsync(_look, Stop);
        for (var ended = 0; ended < 5; ended++)
        {
            await Until.SoAsync(() => opening.Count == Math.Min(2, 5 - ended));
            Assert.Equal(Math.Min(ended + 2, 5), _asked.Count);
            Assert.True(opening.TryDequeue(out var next));
            next.SetResult(new OpenedHandle(ErrorCode.UnknownTopicOrPartition, null));
        }

        await running.WaitAsync(TimeSpan.FromSeconds(30), Stop);
    }

    public void Dispose()
    {
        _leaders.Dispose();
        _log.Dispose();
    }

    private static PartitionId At(int index) => new(Topic.Id, index);

    private static Task<BrokerCluster> ClusterAsync() => BrokerCluster.StartAsync(1);

    private void Orphan(params int[] indexes)
    {
        foreach (var index in indexes) _leaders.Note(At(index), Gone);
    }

    private void Answer(Func<PartitionId, Task<OpenedHandle>?> answer) => _log.Answer = partition =>
    {
        _asked.Enqueue(partition);
        return answer(partition);
    };

    private int Asked(PartitionId partition) => _asked.Count(partition.Equals);

    private bool IsOpen(int index) => _log.Handles.TryGet(At(index), out var handle) && handle.IsOwner;

    private Task PassUntilAsync(Func<bool> isSo) => Until.SoAsync(isSo, () => _time.Advance(TimeSpan.FromMilliseconds(50)));

    private TakeOver Of(BrokerCluster cluster, MovementOptions? options = null)
    {
        var broker = cluster.Brokers[0];
        var surroundings = new MoveSurroundings(options ?? new MovementOptions(), new MovementMetrics(broker.Get<IMeterFactory>()), _time, NullLogger<PartitionMover>.Instance);
        return new TakeOver(broker.Members, PartitionsOf.One(_log, _view, broker.Members, _leaders), new TakeOverSources(_leaders, _view, new Departures(broker.Members, broker.Get<BrokerRecords>(), _leaders, surroundings)), surroundings);
    }

    private sealed class Clock : FakeTimeProvider
    {
        public ConcurrentQueue<TimeSpan> Pauses { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses.Enqueue(dueTime);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
