using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans;
using OrleansStream.Abstractions.Cluster;
using OrleansStream.Abstractions.Groups;
using OrleansStream.Abstractions.Partitions;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Kafka.Gateway.Fetching;
using OrleansStream.Kafka.Gateway.Hosting;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Options.Configs;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Kafka.Gateway.Tests.Harness;

/// <summary>
/// A gateway in memory: real handlers, partitions and lane; grains by hand; connections over pipes; time and durability moved by the test.
/// Disposing it fails if a lease, a byte of a budget or a connection is left.
/// </summary>
internal sealed class GatewayHarness : IAsyncDisposable
{
    // A stepped lane is moved by one thread at a time; tests that wait for two answers at once move it from two.
    private readonly Lock _stepping = new();
    private readonly List<TestClient> _clients = [];
    private readonly ServiceProvider _services;

    public GatewayHarness(Action<GatewayOptions>? configure = null, Dictionary<string, string>? brokerConfigs = null, long laneBytes = 32 * Limits.MiB)
    {
        Broker = new MemoryBroker(openBytes: laneBytes);
        Grains = new FakeGrains(this);
        LocalGroups = new FakeLocalGroups(Grains);
        Wheel = new DeadlineWheel(Time);
        Clock = new CountedClock(Time);
        Catalog.Publish(CatalogSnapshot.Empty);
        _services = Services(brokerConfigs ?? []).AddKafkaGateway().Configure<GatewayOptions>(options => configure?.Invoke(options)).BuildServiceProvider();
    }

    public MemoryBroker Broker { get; }

    public FakeTimeProvider Time => Broker.Time;

    /// <summary>The same clock as the gateway has it.</summary>
    public CountedClock Clock { get; }

    public CatalogView Catalog { get; } = new();

    public FakeCatalogUpdates Updates { get; } = new();

    public FakeCluster Cluster { get; } = new();

    public FakeGrains Grains { get; }

    public FakeLocalGroups LocalGroups { get; }

    public FakeProducerIds ProducerIds { get; } = new();

    public TicketBoard Tickets { get; } = new();

    public DeadlineWheel Wheel { get; }

    public IServiceProvider Provider => _services;

    public IntakeBudget Intake => _services.GetRequiredService<IntakeBudget>();

    public ResponseBudget Responses => _services.GetRequiredService<ResponseBudget>();

    public AnswerBudget Answers => _services.GetRequiredService<AnswerBudget>();

    public ConnectionTable Connections => _services.GetRequiredService<ConnectionTable>();

    public FetchSessions Sessions => _services.GetRequiredService<FetchSessions>();

    /// <summary>Adds a topic, as if somebody had created it.</summary>
    public Topic AddTopic(string name, int partitions = 1) => Grains.Topics.Add(name, partitions);

    /// <summary>Connects a client over pipes.</summary>
    /// <param name="listener">The listener that it comes in on.</param>
    /// <param name="pauseBytes">Unread answer bytes at which the broker's writing waits.</param>
    public TestClient Connect(string listener = "PLAINTEXT", int pauseBytes = 1024 * 1024)
    {
        var toBroker = new Pipe(new PipeOptions(useSynchronizationContext: false));
        var toClient = new Pipe(new PipeOptions(pauseWriterThreshold: pauseBytes, resumeWriterThreshold: pauseBytes / 2, useSynchronizationContext: false));
        var connection = new DefaultConnectionContext(Guid.NewGuid().ToString(), new Duplex(toBroker.Reader, toClient.Writer), new Duplex(toClient.Reader, toBroker.Writer));
        connection.Features.Set(new ListenerFeature(listener));
        var client = new TestClient(this, connection.Application!, ServeAsync(connection));
        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }

    /// <summary>Makes what was appended durable, again and again, until the task is done.</summary>
    public async Task<T> PublishUntilAsync<T>(Task<T> task)
    {
        while (!task.IsCompleted)
        {
            lock (_stepping) Broker.Lane.Publish();
            await Task.Yield();
        }

        return await task;
    }

    /// <summary>Waits until the condition holds. It must become true by itself.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.CloseAsync();
        }

        Task[] served = [.. _clients.Select(client => client.Served)];
        await PublishUntilAsync(Task.Run(async () => { await Task.WhenAll(served); return 0; }));
        Assert.Equal(0, Connections.Count);
        Assert.Equal(0, Intake.Taken);
        Assert.Equal(0, Responses.Taken);
        Assert.Equal(0, Answers.Taken);
        await _services.DisposeAsync();
        Wheel.Dispose();
        Broker.Dispose();
    }

    private IServiceCollection Services(Dictionary<string, string> brokerConfigs) => new ServiceCollection()
        .AddLogging()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().Build())
        .AddSingleton<TimeProvider>(Clock)
        .AddSingleton(Catalog)
        .AddSingleton<ICatalogUpdates>(Updates)
        .AddSingleton<IClusterView>(Cluster)
        .AddSingleton<IGrainFactory>(Grains)
        .AddSingleton(Broker.Handles)
        .AddSingleton<ILocalPartitions>(Grains.Partitions)
        .AddSingleton(Tickets)
        .AddSingleton<ILocalGroups>(LocalGroups)
        .AddSingleton<IProducerIds>(ProducerIds)
        .AddSingleton(Wheel)
        .AddSingleton(new BrokerConfigValues(brokerConfigs));

    private async Task ServeAsync(ConnectionContext connection)
    {
        // The client's first bytes must not run the broker's loop on the client's stack.
        await Task.Yield();
        await _services.GetRequiredService<KafkaConnectionHandler>().OnConnectedAsync(connection);
        await connection.Transport.Output.CompleteAsync();
        await connection.Transport.Input.CompleteAsync();
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
