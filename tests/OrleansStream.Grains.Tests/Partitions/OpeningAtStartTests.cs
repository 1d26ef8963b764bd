using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Partitions;
using OrleansStream.Grains.Tests.Harness;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Partitions;

public sealed class OpeningAtStartTests : IDisposable
{
    private const int Partitions = 1_000;
    private static readonly Topic Topic = new() { Id = new TopicId(new Guid(5, 5, 5, new byte[8])), Name = "many", PartitionCount = Partitions, ReplicationFactor = 1 };

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly MemoryLog _log = new();
    private readonly CatalogView _view = new();
    private readonly OneBroker _cluster = new();
    private readonly LogLines _lines = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_open_before_and_is_owned_here_opens_once_the_catalog_is_known()
    {
        Put(0, 1, 2, Partitions - 1);
        _cluster.Elsewhere.Add(At(1));
        using var opening = Service();
        await opening.StartAsync(Stop);
        Assert.Equal(0, _log.Handles.Count);

        _view.Publish(CatalogSnapshot.Empty.With(Topic, 1));
        await opening.ExecuteTask!.WaitAsync(Stop);

        // What another broker owns is its business, and what nobody ever used is opened when somebody does.
        Assert.Equal([0, 2, Partitions - 1], _log.Handles.All.Select(handle => handle.Id.Index).Order());
    }

    [Fact]
    public async Task A_disk_that_refuses_every_claim_is_not_asked_for_each_partition()
    {
        Put([.. Enumerable.Range(0, Partitions)]);
        _log.Refusal = ErrorCode.KafkaStorageError;
        _view.Publish(CatalogSnapshot.Empty.With(Topic, 1));
        using var opening = Service();

        await opening.StartAsync(Stop);
        await opening.ExecuteTask!.WaitAsync(Stop);

        Assert.InRange(_log.Openings, 1, Partitions / 2);
    }

    [Theory]
    [InlineData(1, "many-0")]
    [InlineData(7, "many-0, many-1, many-2, many-3, many-4, ...")]
    public async Task Partitions_that_could_not_be_opened_are_a_warning_that_names_the_first_few(int count, string names)
    {
        Put([.. Enumerable.Range(0, count)]);
        _log.Refusal = ErrorCode.KafkaStorageError;
        _view.Publish(CatalogSnapshot.Empty.With(Topic, 1));
        using var opening = Service();

        await opening.StartAsync(Stop);
        await opening.ExecuteTask!.WaitAsync(Stop);

        var (level, text) = Assert.Single(_lines.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.EndsWith($"{count} could not be opened: {names}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_opens_everything_warns_of_nothing()
    {
        Put(0, 1);
        _view.Publish(CatalogSnapshot.Empty.With(Topic, 1));
        using var opening = Service();

        await opening.StartAsync(Stop);
        await opening.ExecuteTask!.WaitAsync(Stop);

        Assert.Equal(LogLevel.Information, Assert.Single(_lines.Lines).Level);
    }

    [Fact]
    public async Task A_broker_that_stops_does_not_wait_for_the_catalog()
    {
        using var opening = Service();
        await opening.StartAsync(Stop);

        await opening.StopAsync(Stop).WaitAsync(TimeSpan.FromSeconds(30), Stop);

        Assert.Equal(0, _log.Openings);
    }

    public void Dispose()
    {
        _log.Dispose();
        _services.Dispose();
    }

    private static PartitionId At(int index) => new(Topic.Id, index);

    private void Put(params int[] indexes)
    {
        foreach (var index in indexes) _log.Manifests.Put(_log.Broker.NewManifest(At(index)));
    }

    private OpeningAtStart Service()
    {
        var metrics = new OpeningMetrics(_services.GetRequiredService<IMeterFactory>());
        var parts = new OpeningParts(PartitionsOf.One(_log, _view, _cluster), _log, metrics);
        return new OpeningAtStart(parts, _view, _cluster, TimeProvider.System, _lines);
    }

    private sealed class LogLines : ILogger<OpeningAtStart>
    {
        public List<(LogLevel Level, string Text)> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Add((logLevel, formatter(state, exception)));
    }
}
