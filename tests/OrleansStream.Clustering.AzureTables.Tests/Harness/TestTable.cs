using System.Net;
using Azure.Core;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Membership;

namespace OrleansStream.Clustering.AzureTables.Tests.Harness;

/// <summary>A membership table of one test's own cluster, and its rows as they lie in storage.</summary>
internal sealed class TestTable
{
    private static int Generations;

    private TestTable(string connectionString, string clusterId, Action<AzureTableClusteringOptions>? configure)
    {
        ClusterId = clusterId;
        Options = new AzureTableClusteringOptions
        {
            ConnectionString = connectionString,
            RetryDelay = TimeSpan.FromMilliseconds(1),
            ConfigureClient = client => client.AddPolicy(Faults, HttpPipelinePosition.PerRetry),
        };
        configure?.Invoke(Options);
        var cluster = Microsoft.Extensions.Options.Options.Create(new ClusterOptions { ClusterId = clusterId });
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        Membership = new AzureTableMembershipTable(options, cluster, Time, NullLogger<AzureTableMembershipTable>.Instance);
        Gateways = new AzureTableGatewayListProvider(
            options, cluster, Microsoft.Extensions.Options.Options.Create(new GatewayOptions { GatewayListRefreshPeriod = TimeSpan.FromSeconds(12) }), NullLogger<AzureTableGatewayListProvider>.Instance);
        Rows = new TableClient(connectionString, Options.TableName);
    }

    public static readonly DateTime Noon = new(2026, 11, 23, 12, 0, 0, DateTimeKind.Utc);

    public string ClusterId { get; }

    public AzureTableClusteringOptions Options { get; }

    public FaultPolicy Faults { get; } = new();

    public PassingTime Time { get; } = new();

    public AzureTableMembershipTable Membership { get; }

    public AzureTableGatewayListProvider Gateways { get; }

    /// <summary>The table itself, without faults.</summary>
    public TableClient Rows { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<TestTable> CreateAsync(AzuriteFixture azurite, Action<AzureTableClusteringOptions>? configure = null)
    {
        var table = new TestTable(azurite.ConnectionString, azurite.NewName("cluster-"), configure);
        await table.Membership.InitializeMembershipTableAsync(true, Token);
        return table;
    }

    /// <summary>The same cluster's table in another silo's hands, without faults.</summary>
    public static TestTable OfCluster(AzuriteFixture azurite, string clusterId) => new(azurite.ConnectionString, clusterId, null);

    public static SiloAddress NewAddress() => SiloAddress.New(IPAddress.Loopback, 11_111, Interlocked.Increment(ref Generations));

    public static MembershipEntry NewEntry(SiloStatus status = SiloStatus.Joining, int proxyPort = 30_000) => new()
    {
        SiloAddress = NewAddress(),
        HostName = "host-a",
        SiloName = "silo-a",
        Status = status,
        ProxyPort = proxyPort,
        StartTime = Noon,
        IAmAliveTime = Noon.AddSeconds(1),
    };

    public Task<MembershipTableData> ReadAllAsync() => Membership.ReadAllAsync(Token);

    public async Task<TableVersion> NextVersionAsync() => (await ReadAllAsync()).Version.Next();

    public async Task<MembershipEntry> InsertAsync(MembershipEntry entry)
    {
        Assert.True(await Membership.InsertRowAsync(entry, await NextVersionAsync(), Token));
        return entry;
    }

    public async Task<bool> UpdateAsync(MembershipEntry entry)
    {
        var data = await ReadAllAsync();
        return await Membership.UpdateRowAsync(entry, data.TryGet(entry.SiloAddress)!.Item2, data.Version.Next(), Token);
    }

    public async Task<MembershipEntry?> StoredAsync(MembershipEntry entry) => (await ReadAllAsync()).TryGet(entry.SiloAddress)?.Item1;

    public async Task<List<TableEntity>> RawRowsAsync()
    {
        var rows = new List<TableEntity>();
        await foreach (var row in Rows.QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {ClusterId}"), cancellationToken: Token)) rows.Add(row);
        return rows;
    }

    /// <summary>The row of a key with its columns, without what the service adds.</summary>
    public async Task<Dictionary<string, object>> RawRowAsync(string rowKey)
    {
        var row = (await RawRowsAsync()).Single(candidate => candidate.RowKey == rowKey);
        return row.Where(column => column.Key is not ("odata.etag" or "Timestamp" or "PartitionKey" or "RowKey")).ToDictionary();
    }
}
