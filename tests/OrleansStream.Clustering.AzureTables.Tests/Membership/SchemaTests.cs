using System.Net;
using Azure.Data.Tables;
using Orleans;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.Membership;

// docs/formats/membership-table.md, row by row: silos with Orleans' own packages read and write the same.
public sealed class SchemaTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_table_has_the_official_name() => Assert.Equal("OrleansSiloInstances", (await TestTable.CreateAsync(azurite)).Rows.Name);

    [Fact]
    public async Task A_new_cluster_has_a_version_row_and_two_fences()
    {
        var table = await TestTable.CreateAsync(azurite);

        Assert.Equal(["!Start", "VersionRow", "~End"], (await table.RawRowsAsync()).Select(row => row.RowKey));
        Assert.Equal(Columns(("DeploymentId", table.ClusterId), ("MembershipVersion", "0")), await table.RawRowAsync("VersionRow"));
        foreach (var fence in (string[])["!Start", "~End"])
        {
            Assert.Equal(Columns(("DeploymentId", table.ClusterId), ("MembershipVersion", "0"), ("Status", "Active")), await table.RawRowAsync(fence));
        }
    }

    [Fact]
    public async Task A_silo_s_row_holds_the_official_columns_as_text()
    {
        var table = await TestTable.CreateAsync(azurite);
        var voter = SiloAddress.New(IPAddress.Parse("10.0.0.9"), 11_111, 90);
        await table.InsertAsync(new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Parse("10.0.0.7"), 11_111, 1_234),
            HostName = "host-7",
            SiloName = "silo-7",
            Status = SiloStatus.Active,
            ProxyPort = 30_000,
            RoleName = "role",
            UpdateZone = 1,
            FaultZone = 2,
            StartTime = new DateTime(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc),
            IAmAliveTime = new DateTime(2026, 1, 2, 13, 4, 5, 6, DateTimeKind.Utc),
            SuspectTimes = [Tuple.Create(voter, TestTable.Noon), Tuple.Create(voter, TestTable.Noon.AddMilliseconds(1))],
        });

        var expected = Columns(
            ("DeploymentId", table.ClusterId), ("Address", "10.0.0.7"), ("Port", "11111"), ("Generation", "1234"), ("HostName", "host-7"),
            ("Status", "Active"), ("ProxyPort", "30000"), ("RoleName", "role"), ("SiloName", "silo-7"), ("InstanceName", "silo-7"),
            ("UpdateZone", "1"), ("FaultZone", "2"), ("SuspectingSilos", "10.0.0.9:11111@90|10.0.0.9:11111@90"),
            ("SuspectingTimes", "2026-11-23 12:00:00.000 GMT|2026-11-23 12:00:00.001 GMT"),
            ("StartTime", "2026-01-02 03:04:05.678 GMT"), ("IAmAliveTime", "2026-01-02 13:04:05.006 GMT"));
        Assert.Equal(expected, await table.RawRowAsync("10.0.0.7-11111-1234"));
    }

    [Fact]
    public async Task Without_votes_both_columns_are_empty_text_and_a_missing_role_is_no_column()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());

        var row = await table.RawRowAsync($"127.0.0.1-11111-{entry.SiloAddress.Generation}");

        Assert.Equal("", row["SuspectingSilos"]);
        Assert.Equal("", row["SuspectingTimes"]);
        Assert.False(row.ContainsKey("RoleName"));
    }

    [Fact]
    public async Task Each_change_writes_its_version_into_all_three_rows()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        Assert.True(await table.UpdateAsync(entry));

        foreach (var key in (string[])["!Start", "VersionRow", "~End"]) Assert.Equal("2", (await table.RawRowAsync(key))["MembershipVersion"]);
    }

    [Fact]
    public async Task A_row_of_an_old_silo_is_read_with_what_it_lacks_left_empty()
    {
        var table = await TestTable.CreateAsync(azurite);
        await table.Rows.AddEntityAsync(new TableEntity(table.ClusterId, "10.0.0.1-11111-5")
        {
            ["Address"] = "10.0.0.1", ["Port"] = "11111", ["Generation"] = "5", ["HostName"] = "old", ["Status"] = "Active", ["InstanceName"] = "old-silo",
        }, Token);

        var entry = Assert.Single((await table.ReadAllAsync()).Members).Item1;

        Assert.Equal(SiloAddress.New(IPAddress.Parse("10.0.0.1"), 11_111, 5), entry.SiloAddress);
        Assert.Equal("old-silo", entry.SiloName);
        Assert.Equal(0, entry.ProxyPort);
        Assert.Equal(default, entry.IAmAliveTime);
        Assert.Null(entry.SuspectTimes);
    }

    [Theory]
    [InlineData("Address", "nowhere")]
    [InlineData("Address", "")]
    [InlineData("Status", "Sleeping")]
    [InlineData("Generation", "99999999999")]
    [InlineData("IAmAliveTime", "yesterday")]
    [InlineData("SuspectingSilos", "10.0.0.9:11111@90")]
    [InlineData("SuspectingTimes", "2026-11-23 12:00:00.000 GMT")]
    public async Task A_row_that_is_no_silo_s_hides_no_other(string column, string value)
    {
        var table = await TestTable.CreateAsync(azurite);
        var good = await table.InsertAsync(TestTable.NewEntry());
        var bad = await table.InsertAsync(TestTable.NewEntry());
        await table.Rows.UpdateEntityAsync(
            new TableEntity(table.ClusterId, $"127.0.0.1-11111-{bad.SiloAddress.Generation}") { [column] = value }, Azure.ETag.All, TableUpdateMode.Merge, Token);

        Assert.Equal(good.SiloAddress, Assert.Single((await table.ReadAllAsync()).Members).Item1.SiloAddress);
    }

    [Fact]
    public async Task An_address_of_ip_version_6_is_read_back_as_it_was_written()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = TestTable.NewEntry(SiloStatus.Active);
        entry.SiloAddress = SiloAddress.New(IPAddress.Parse("2001:db8::1"), 11_111, 7);

        await table.InsertAsync(entry);

        Assert.Equal(entry.ToFullString(), (await table.StoredAsync(entry))!.ToFullString());
        Assert.Single(await table.Gateways.GetGatewaysAsync(Token));
    }

    [Fact]
    public async Task A_silo_that_knows_no_fences_shares_the_table()
    {
        var table = await TestTable.CreateAsync(azurite);
        await table.Rows.DeleteEntityAsync(table.ClusterId, "!Start", cancellationToken: Token);
        await table.Rows.DeleteEntityAsync(table.ClusterId, "~End", cancellationToken: Token);
        await table.Membership.InitializeMembershipTableAsync(true, Token);

        var entry = await table.InsertAsync(TestTable.NewEntry());

        Assert.NotNull(await table.StoredAsync(entry));
        Assert.Equal("1", (await table.RawRowAsync("~End"))["MembershipVersion"]);
    }

    private static Dictionary<string, object> Columns(params (string Name, string Value)[] columns) => columns.ToDictionary(column => column.Name, column => (object)column.Value);
}
