using Azure;
using Azure.Data.Tables;
using Orleans.Messaging;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.Membership;

public sealed class GatewayListTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gateways_are_the_active_silos_that_listen_for_clients()
    {
        var table = await TestTable.CreateAsync(azurite);
        foreach (var status in Enum.GetValues<SiloStatus>().Where(status => status != SiloStatus.Active)) await table.InsertAsync(TestTable.NewEntry(status));
        await table.InsertAsync(TestTable.NewEntry(SiloStatus.Active, proxyPort: 0));
        var gateway = await table.InsertAsync(TestTable.NewEntry(SiloStatus.Active, proxyPort: 30_007));

        var found = Assert.Single(await table.Gateways.GetGatewaysAsync(Token));

        Assert.Equal($"gwy.tcp://127.0.0.1:30007/{gateway.SiloAddress.Generation}", found.ToString());
    }

    [Fact]
    public async Task A_cluster_without_silos_has_no_gateways_and_no_error()
    {
        var table = await TestTable.CreateAsync(azurite);
        Assert.Empty(await table.Gateways.GetGatewaysAsync(Token));

        await table.Membership.DeleteMembershipTableEntriesAsync(table.ClusterId, Token);
        await table.Gateways.InitializeGatewayListProviderAsync(Token);
        Assert.Empty(await table.Gateways.GetGatewaysAsync(Token));
    }

    [Fact]
    public async Task Another_cluster_s_silos_are_no_gateways()
    {
        var table = await TestTable.CreateAsync(azurite);
        await (await TestTable.CreateAsync(azurite)).InsertAsync(TestTable.NewEntry(SiloStatus.Active));

        Assert.Empty(await table.Gateways.GetGatewaysAsync(Token));
    }

    [Fact]
    public async Task Gateways_in_many_pages_are_all_found()
    {
        var table = await TestTable.CreateAsync(azurite, options => options.PageRows = 2);
        for (var silo = 0; silo < 5; silo++) await table.InsertAsync(TestTable.NewEntry(SiloStatus.Active));

        Assert.Equal(5, (await table.Gateways.GetGatewaysAsync(Token)).Count);
    }

    [Theory, InlineData("Address", "nowhere"), InlineData("ProxyPort", "70000"), InlineData("ProxyPort", "none"), InlineData("Generation", "")]
    public async Task A_row_that_names_no_gateway_hides_no_other(string column, string value)
    {
        var table = await TestTable.CreateAsync(azurite);
        var bad = await table.InsertAsync(TestTable.NewEntry(SiloStatus.Active));
        await table.InsertAsync(TestTable.NewEntry(SiloStatus.Active, proxyPort: 30_007));
        await table.Rows.UpdateEntityAsync(
            new TableEntity(table.ClusterId, $"127.0.0.1-11111-{bad.SiloAddress.Generation}") { [column] = value }, ETag.All, TableUpdateMode.Merge, Token);

        Assert.Equal(30_007, Assert.Single(await table.Gateways.GetGatewaysAsync(Token)).Port);
    }

    [Fact]
    public async Task The_list_is_as_old_as_the_client_s_options_allow()
    {
        var table = await TestTable.CreateAsync(azurite);
        IGatewayListProvider gateways = table.Gateways;

        Assert.Equal(TimeSpan.FromSeconds(12), gateways.MaxStaleness);
#pragma warning disable CS0618, xUnit1051 // Older callers use them.
        Assert.True(gateways.IsUpdatable);
        await gateways.InitializeGatewayListProvider();
        Assert.Empty(await gateways.GetGateways());
#pragma warning restore CS0618, xUnit1051
    }
}
