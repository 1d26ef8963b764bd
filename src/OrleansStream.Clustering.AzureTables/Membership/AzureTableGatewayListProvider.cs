using System.Globalization;
using System.Net;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;
using Orleans.Runtime;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>The gateways that clients connect to: the active silos of the membership table that listen for clients.</summary>
internal sealed partial class AzureTableGatewayListProvider(
    IOptions<AzureTableClusteringOptions> options,
    IOptions<ClusterOptions> cluster,
    IOptions<GatewayOptions> gateways,
    ILogger<AzureTableGatewayListProvider> logger) : IGatewayListProvider
{
    private static readonly string Active = nameof(SiloStatus.Active);

    private readonly string _clusterId = cluster.Value.ClusterId;
    private readonly SiloTable _table = new(options.Value, cluster.Value.ClusterId);

    public TimeSpan MaxStaleness { get; } = gateways.Value.GatewayListRefreshPeriod;

    // Orleans no longer asks, but still declares it.
#pragma warning disable CS0618
    bool IGatewayListProvider.IsUpdatable => true;
#pragma warning restore CS0618

    // A client may come before the first silo: it finds an empty table and asks again.
    public Task InitializeGatewayListProviderAsync(CancellationToken cancellationToken = default) => _table.CreateIfAbsentAsync(cancellationToken);

    public async Task<IList<Uri>> GetGatewaysAsync(CancellationToken cancellationToken = default)
    {
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId} and Status eq {Active} and ProxyPort ne {"0"}");
        var found = new List<Uri>();
        await foreach (var page in _table.QueryAsync(filter, [Columns.RowKey, Columns.Address, Columns.ProxyPort, Columns.Generation], cancellationToken))
        {
            found.AddRange(page.Values.Where(row => !VersionRows.IsOne(row.RowKey)).Select(GatewayOf).OfType<Uri>());
        }

        return found;
    }

    Task IGatewayListProvider.InitializeGatewayListProvider() => InitializeGatewayListProviderAsync();

    Task<IList<Uri>> IGatewayListProvider.GetGateways() => GetGatewaysAsync();

    private Uri? GatewayOf(TableEntity row)
    {
        if (IPAddress.TryParse(row.GetString(Columns.Address), out var address)
            && TryNumber(row, Columns.ProxyPort, out var port) && port is > 0 and <= IPEndPoint.MaxPort
            && TryNumber(row, Columns.Generation, out var generation))
        {
            return SiloAddress.New(address, port, generation).ToGatewayUri();
        }

        LogBadRow(row.RowKey);
        return null;
    }

    private static bool TryNumber(TableEntity row, string column, out int number) =>
        int.TryParse(row.GetString(column), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    [LoggerMessage(EventId = 7, Level = LogLevel.Error, Message = "Row {RowKey} of the membership table names no gateway and is left out.")]
    private partial void LogBadRow(string rowKey);
}
