using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What a broker on blobs writes, and when, in time that a test makes pass.</summary>
public sealed class BrokerCostTests : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly SteppedLanes _steps = new();
    private readonly TestCluster _cluster = new();

    private int Blocks => _cluster.Blobs.Calls.Count(static call => call is { Kind: BlobCallKind.Put, Name: ['w', '/', ..] });

    public async ValueTask DisposeAsync() => await _steps.UntilAsync(_cluster.DisposeAsync().AsTask());

    // The first record finds the lane idle and goes at once; the one behind it has to be as far away as its class says.
    [Theory]
    [InlineData(LatencyClass.Low, 5)]
    [InlineData(LatencyClass.Balanced, 20)]
    [InlineData(LatencyClass.Economy, 250)]
    public async Task Records_wait_for_company_as_long_as_their_topics_class_says(LatencyClass latencyClass, int milliseconds)
    {
        var broker = await StartAsync();
        var handle = await OpenAsync(broker, latencyClass);
        await _steps.UntilAsync(Append(handle));
        var before = Blocks;

        var second = Append(handle);
        var third = Append(handle);
        _steps.Run();
        Assert.Equal(0, Blocks - before);
        Pass(Tick * (milliseconds - 1));
        Assert.Equal(0, Blocks - before);
        Pass(Tick);

        Assert.Equal(1, Blocks - before);
        await _steps.UntilAsync(Task.WhenAll(second, third));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), broker.Log.Lanes.Current.LingerOf(latencyClass));
    }

    [Fact]
    public async Task An_open_partition_goes_by_a_class_that_it_is_given_later()
    {
        var handle = await OpenAsync(await StartAsync(), LatencyClass.Economy);
        await _steps.UntilAsync(Append(handle));
        var before = Blocks;

        handle.Configure(new PartitionSettings { LatencyClass = LatencyClass.Low });
        var second = Append(handle);
        Pass(Tick * 5);

        Assert.Equal(1, Blocks - before);
        await _steps.UntilAsync(second);
    }

    [Fact]
    public async Task An_operators_lingers_take_the_place_of_the_stores_own()
    {
        var linger = new LingerOptions { Balanced = TimeSpan.FromMilliseconds(300) };
        var handle = await OpenAsync(await StartAsync(setup => setup with { Linger = linger }), LatencyClass.Balanced);
        await _steps.UntilAsync(Append(handle));
        var before = Blocks;

        var second = Append(handle);
        Pass(Tick * 299);
        Assert.Equal(0, Blocks - before);
        Pass(Tick);

        Assert.Equal(1, Blocks - before);
        await _steps.UntilAsync(second);
    }

    // A budget that is overspent by far: each record is still there within the longest that a linger gets.
    [Theory]
    [InlineData(LatencyClass.Low, 100)]
    [InlineData(LatencyClass.Balanced, 400)]
    [InlineData(LatencyClass.Economy, 5_000)]
    public async Task A_budget_that_is_spent_makes_records_wait_and_stops_none(LatencyClass latencyClass, int longest)
    {
        var ledger = Ledger(operationsPerSecond: 0.01);
        var broker = await StartAsync(setup => Priced(setup, ledger));
        var handle = await OpenAsync(broker, latencyClass);
        for (var spent = 0; spent < 100; spent++) ledger.Add(WriteKind.Blocks, 0);

        // The linger is reckoned when a block is sealed: the first of them still has what it was at the start.
        for (var record = 0; record < 20; record++)
        {
            var append = Append(handle);
            Pass(Tick * longest);
            Assert.Equal(ErrorCode.None, (await _steps.UntilAsync(append)).Error);
        }

        Assert.Equal(TimeSpan.FromMilliseconds(longest), broker.Log.Lanes.Current.LingerOf(latencyClass));
        Assert.True(ledger.Budget!.Fill < 0);
    }

    [Fact]
    public async Task A_short_budget_is_kept_on_the_average_by_traffic_that_would_overspend_it()
    {
        const int seconds = 600;
        const double allowed = 1;
        var ledger = Ledger(allowed);
        var handle = await OpenAsync(await StartAsync(setup => Priced(setup, ledger)), LatencyClass.Economy);
        var before = Blocks;

        var appends = new List<Task>();
        for (var passed = 0; passed < seconds * 10; passed++)
        {
            appends.Add(Append(handle));
            Pass(Tick * 100);
        }

        Pass(TimeSpan.FromSeconds(10));
        await _steps.UntilAsync(Task.WhenAll(appends));

        // What was saved up at the start may be spent beside what flows in; without a budget there would be four a second.
        Assert.InRange(Blocks - before, seconds * allowed * 0.9, (seconds * allowed * 1.1) + ledger.Budget!.Saved);
    }

    [Fact]
    public async Task Every_write_of_a_broker_is_in_its_ledger_by_what_it_was_for()
    {
        var ledger = Ledger(operationsPerSecond: 0);
        var broker = await StartAsync(setup => Priced(setup, ledger));
        var handle = await OpenAsync(broker, LatencyClass.Low);
        await _steps.UntilAsync(Append(handle));
        await _steps.UntilAsync(OpenAsync(broker, LatencyClass.Low, index: 1));

        Assert.Equal(1, ledger.OperationsOf(WriteKind.Blocks));
        Assert.Equal(2, ledger.OperationsOf(WriteKind.Manifests));

        // The broker's record was written before there was a log.
        Assert.Equal(_cluster.Blobs.Calls.Count(static call => call.Kind == BlobCallKind.Put && !call.Name.StartsWith(BlobNames.Brokers, StringComparison.Ordinal)), Enum.GetValues<WriteKind>().Sum(ledger.OperationsOf));
    }

    // With partitions that have records, and one that nobody ever wrote to. After some hours, when all is cut into segments that there was to cut; a list of
    // manifests comes once an hour. Membership is not the log's.
    [Fact]
    public async Task A_broker_that_nobody_uses_writes_nothing_and_reads_nothing()
    {
        var broker = await StartAsync();
        foreach (var (index, latencyClass) in new[] { LatencyClass.Low, LatencyClass.Balanced, LatencyClass.Economy }.Index())
        {
            var append = Append(await OpenAsync(broker, latencyClass, index));
            Pass(TimeSpan.FromSeconds(1));
            await _steps.UntilAsync(append);
        }

        await OpenAsync(broker, LatencyClass.Balanced, index: 3);
        for (var second = 0; second < 3 * 3_600; second++) Pass(TimeSpan.FromSeconds(1));
        var calls = _cluster.Blobs.Calls.Count;

        for (var second = 0; second < 600; second++) Pass(TimeSpan.FromSeconds(1));

        Assert.Equal([], _cluster.Blobs.Calls.Skip(calls).Select(static call => $"{call.Kind} {call.Name}").Where(static call => call != "List m/"));
        Assert.False(broker.Log.Lanes.IsStalled);
    }

    private static Task<AppendOutcome> Append(PartitionHandle handle) => TestBroker.AppendAsync(handle, new BatchBuilder().Record("a"));

    private WriteLedger Ledger(double operationsPerSecond) => new(new WriteBudgetOptions { OperationsPerSecond = operationsPerSecond }, _cluster.Time);

    private static BlobLogSetup Priced(BlobLogSetup setup, WriteLedger ledger) => setup with { Container = new PricedBlobContainer(setup.Container, ledger), Ledger = ledger };

    private Task<TestBroker> StartAsync(Func<BlobLogSetup, BlobLogSetup>? change = null) =>
        _cluster.StartAsync(1, setup => _steps.Drive((change ?? (static same => same))(setup with { Linger = new LingerOptions() })));

    private Task<PartitionHandle> OpenAsync(TestBroker broker, LatencyClass latencyClass, int index = 0) =>
        _steps.UntilAsync(broker.OpenAsync(TestCluster.PartitionOf(index), new PartitionSettings { LatencyClass = latencyClass }));

    private void Pass(TimeSpan time)
    {
        _cluster.Time.Advance(time);
        _steps.Run();
    }
}
