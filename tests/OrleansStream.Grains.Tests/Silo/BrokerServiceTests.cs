using System.Collections.Immutable;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Silo;

// A silo for each test: one that has drained opens nothing any more.
public sealed class BrokerServiceTests : IAsyncLifetime
{
    private readonly BrokerSilo _silo = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _silo.InitializeAsync();

    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_broker_tells_what_it_has_open()
    {
        var before = await _silo.Broker.StatsAsync();
        await OpenAsync("told", 3);

        var stats = await _silo.Broker.StatsAsync();

        Assert.Equal((new BrokerId(1), before.Partitions + 3, false), (stats.Broker, stats.Partitions, stats.IsDraining));
        Assert.Equal(_silo.Log.Handles.All.Sum(handle => handle.SizeBytes), stats.SizeBytes);
    }

    [Fact]
    public async Task Its_partitions_come_in_pages_that_hold_each_once()
    {
        await OpenAsync("paged", 7);
        var pages = new List<IReadOnlyList<LocalPartition>>();
        do
        {
            pages.Add(await _silo.Broker.LocalPartitionsAsync(pages.Count == 0 ? null : pages[^1][^1].Id, 3));
        }
        while (pages[^1].Count > 0);

        Assert.All(pages, page => Assert.InRange(page.Count, 0, 3));
        var listed = pages.SelectMany(page => page).ToList();
        Assert.Equal(_silo.Log.Handles.All.Select(handle => handle.Id).Order(), listed.Select(partition => partition.Id));
        Assert.All(listed, partition => Assert.True(_silo.Log.Handles.TryGet(partition.Id, out var handle) && handle.Epoch == partition.Epoch));
    }

    [Fact]
    public async Task A_broker_that_drains_gives_up_all_that_it_has_and_opens_nothing_more()
    {
        await OpenAsync("drained", 2);
        var had = _silo.Log.Handles.Count;
        var handle = Handle("drained");

        Assert.Equal(had, await _silo.Broker.DrainAsync());

        Assert.False(handle.IsOwner);
        Assert.Equal(0, _silo.Log.Handles.Count);
        Assert.Equal(new BrokerStats(new BrokerId(1), 0, 0, true), await _silo.Broker.StatsAsync());
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await Grain("drained", 1).EnsureOpenAsync(Stop)).Error);
    }

    [Fact]
    public async Task A_silo_that_stops_gives_up_its_partitions_before_its_log_ends()
    {
        await OpenAsync("stopped", 2);
        var handle = Handle("stopped");

        await _silo.StopAsync();

        Assert.Equal((ErrorCode.NotLeaderOrFollower, 0), (handle.Closed, _silo.Log.Handles.Count));
        Assert.Null(_silo.Log.Lanes.Current.End);
    }

    private async Task OpenAsync(string topic, int partitions)
    {
        await _silo.Topic(topic).CreateAsync(new CreateTopic(new TopicId(Guid.NewGuid()), partitions, 1, ImmutableSortedDictionary<string, string>.Empty, ValidateOnly: false), Stop);
        for (var index = 0; index < partitions; index++)
        {
            Assert.Equal(ErrorCode.None, (await Grain(topic, index).EnsureOpenAsync(Stop)).Error);
        }
    }

    private PartitionId Partition(string topic, int index) => new(_silo.View.Current.Find(topic)!.Id, index);

    private IPartitionGrain Grain(string topic, int index) => _silo.Grains.GetGrain<IPartitionGrain>(Partition(topic, index).ToString());

    private OrleansStream.Log.Serving.PartitionHandle Handle(string topic)
    {
        Assert.True(_silo.Log.Handles.TryGet(Partition(topic, 0), out var handle));
        return handle;
    }
}
