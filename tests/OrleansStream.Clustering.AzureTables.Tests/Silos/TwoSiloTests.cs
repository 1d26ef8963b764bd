using System.Net;
using Azure.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Messaging;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Hosting;
using OrleansStream.Clustering.AzureTables.Membership;
using OrleansStream.Clustering.AzureTables.Tests.Harness;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Clustering.AzureTables.Tests.Silos;

public sealed class TwoSiloTests(AzuriteFixture azurite)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(40);

    private readonly string _clusterId = azurite.NewName("cluster-");
    private readonly LogLines _log = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    [Fact]
    public async Task Two_silos_find_each_other_and_the_one_that_dies_is_declared_dead_and_leaves_the_gateways()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var faults = new FaultPolicy();
        var ports = FreePorts.Take(4);
        using var wayToFirst = new Forwarder(ports);
        using var wayToSecond = new Forwarder(ports + 2);
        using var first = Silo("first", new FaultPolicy(), wayToFirst.Port, ports);
        using var second = Silo("second", faults, wayToSecond.Port, ports + 2);
        await first.StartAsync(limit.Token);
        await second.StartAsync(limit.Token);
        using var client = Client();
        await client.StartAsync(limit.Token);
        var gateways = client.Services.GetRequiredService<IGatewayListProvider>();
        var victim = second.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;

        var hosts = await client.Services.GetRequiredService<IGrainFactory>().GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true, limit.Token);
        Assert.Equal(2, hosts.Count);
        Assert.Equal(2, (await gateways.GetGatewaysAsync(limit.Token)).Count);

        // No way to it, from it, or to its table: for all others it is dead, and it cannot say that they are.
        faults.Cut();
        wayToSecond.Cut();
        wayToFirst.Cut();
        try
        {
            await DeathOfAsync(victim, first, limit.Token);
        }
        finally
        {
            // What comes back reads in the table that it is dead, and ends. Without the table it would try for two minutes to leave in good order.
            faults.Restore();
        }

        var left = Assert.Single(await gateways.GetGatewaysAsync(limit.Token));
        var survivor = first.Services.GetRequiredService<ILocalSiloDetails>();
        Assert.Equal(SiloAddress.New(survivor.GatewayAddress!.Endpoint, survivor.SiloAddress.Generation).ToGatewayUri(), left);
        var row = (await first.Services.GetRequiredService<IMembershipTable>().ReadRowAsync(victim, limit.Token)).Members[0].Item1;
        Assert.Equal(SiloStatus.Dead, row.Status);
        Assert.NotEmpty(row.SuspectTimes!);

        await _ended.Task.WaitAsync(limit.Token);
        await StopAtOnceAsync(second).WaitAsync(limit.Token);
        await client.StopAsync(limit.Token);
        await first.StopAsync(limit.Token);
        Assert.Empty(await gateways.GetGatewaysAsync(limit.Token));
        Assert.NotEmpty(_log.Lines);
        Assert.DoesNotContain(_log.Lines, line => line.Contains(AzuriteProcess.AccountKey, StringComparison.Ordinal));
    }

    private IHost Silo(string name, FaultPolicy faults, int advertisedPort, int ports)
    {
        return new HostBuilder().ConfigureLogging(Record).UseOrleans(silo => silo
            .UseOrleansStreamAzureTableClustering(options => Point(options, faults))
            .Configure<EndpointOptions>(options =>
            {
                options.AdvertisedIPAddress = IPAddress.Loopback;
                options.SiloPort = advertisedPort;
                options.SiloListeningEndpoint = new IPEndPoint(IPAddress.Loopback, ports);
                options.GatewayPort = ports + 1;
                options.GatewayListeningEndpoint = new IPEndPoint(IPAddress.Loopback, ports + 1);
            })
            .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = _clusterId)
            .Configure<SiloOptions>(options => options.SiloName = name)
            .Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = options.MinProbeTimeout = TimeSpan.FromMilliseconds(250);
                options.MaxProbeTimeout = TimeSpan.FromMilliseconds(500);
                options.TableRefreshTimeout = TimeSpan.FromSeconds(1);
            })
            .ConfigureServices(services => services.AddSingleton<IFatalErrorHandler>(new CalmErrorHandler(_ended)))).Build();
    }

    private IHost Client() => new HostBuilder().ConfigureLogging(Record).UseOrleansClient(client => client
        .UseOrleansStreamAzureTableClustering(options => Point(options, new FaultPolicy()))
        .Configure<ClusterOptions>(options => options.ClusterId = options.ServiceId = _clusterId)).Build();

    private void Point(AzureTableClusteringOptions options, FaultPolicy faults)
    {
        options.ConnectionString = azurite.ConnectionString;
        options.MaxRetries = 0;
        options.ConfigureClient = client => client.AddPolicy(faults, HttpPipelinePosition.PerRetry);
    }

    private void Record(ILoggingBuilder logging) => logging.SetMinimumLevel(LogLevel.Information).AddProvider(_log);

    private static async Task StopAtOnceAsync(IHost silo)
    {
        try
        {
            await silo.StopAsync(new CancellationToken(canceled: true));
        }
        catch (Exception)
        {
            // It is dead already: it cannot leave in good order.
        }
    }

    private static async Task DeathOfAsync(SiloAddress silo, IHost observer, CancellationToken cancellationToken)
    {
        await foreach (var members in observer.Services.GetRequiredService<IClusterMembershipService>().MembershipUpdates.WithCancellation(cancellationToken))
        {
            if (members.GetSiloStatus(silo) == SiloStatus.Dead) return;
        }
    }

    // The real one would end the process, and with it the tests.
    private sealed class CalmErrorHandler(TaskCompletionSource ended) : IFatalErrorHandler
    {
        public bool IsUnexpected(Exception exception) => false;

        public void OnFatalException(object? sender, string? context, Exception? exception) => ended.TrySetResult();
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines
        {
            get
            {
                lock (_lines) return [.. _lines];
            }
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (_lines) _lines.Add($"{logLevel} {formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
