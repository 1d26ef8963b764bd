using Azure;
using Azure.Data.Tables;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.Membership;

// An answer in several pages is several moments. The tests' pages hold two rows.
public sealed class TornReadTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_in_pages_is_whole()
    {
        var table = await TableOfThreeAsync();

        var data = await table.ReadAllAsync();

        Assert.Equal(3, data.Members.Count);
        Assert.Equal(3, data.Version.Version);
        Assert.Equal(3, PagesRead(table));
    }

    [Fact]
    public async Task A_read_that_a_change_tore_is_read_again()
    {
        var table = await TableOfThreeAsync();
        var inserted = TestTable.NewEntry();
        var other = OtherHand(table);
        table.Faults.OnReadNumber(2, () => other.InsertAsync(inserted));

        var data = await table.ReadAllAsync();

        Assert.Equal(4, data.Version.Version);
        Assert.Equal(4, data.Members.Count);
    }

    [Fact]
    public async Task A_table_that_changes_during_every_read_is_an_error()
    {
        var table = await TableOfThreeAsync();
        var other = OtherHand(table);
        table.Faults.OnEveryRead(() => other.InsertAsync(TestTable.NewEntry()));

        await Assert.ThrowsAsync<InconsistentStateException>(() => table.ReadAllAsync());
    }

    // Such a silo moves the version alone, so that the fences say nothing: the version row before and after the read does.
    [Fact]
    public async Task A_change_by_a_silo_that_knows_no_fences_is_noticed()
    {
        var table = await TableOfThreeAsync();
        await MoveVersionAloneAsync(table, "4");
        var requests = PagesRead(table);

        Assert.Equal(4, (await table.ReadAllAsync()).Version.Version);

        // A read that cannot be trusted, then one between two looks at the version row.
        Assert.Equal(requests + 3 + 1 + 3 + 1, PagesRead(table));
    }

    [Fact]
    public async Task Without_fences_a_torn_read_is_read_again()
    {
        var table = await TableOfThreeAsync();
        foreach (var fence in (string[])["!Start", "~End"]) await table.Rows.DeleteEntityAsync(table.ClusterId, fence, cancellationToken: Token);
        var moves = 4;
        table.Faults.OnReadNumber(4, () => MoveVersionAloneAsync(table, $"{moves++}"));

        Assert.Equal(4, (await table.ReadAllAsync()).Version.Version);
    }

    private async Task<TestTable> TableOfThreeAsync()
    {
        var table = await TestTable.CreateAsync(azurite, options => options.PageRows = 2);
        var unpaged = OtherHand(table);
        for (var silo = 0; silo < 3; silo++) await unpaged.InsertAsync(TestTable.NewEntry(SiloStatus.Active));
        table.Faults.Requests.Clear();
        return table;
    }

    private TestTable OtherHand(TestTable table) => TestTable.OfCluster(azurite, table.ClusterId);

    private static int PagesRead(TestTable table) => table.Faults.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal));

    private static Task MoveVersionAloneAsync(TestTable table, string version) => table.Rows.UpdateEntityAsync(
        new TableEntity(table.ClusterId, "VersionRow") { ["MembershipVersion"] = version }, ETag.All, TableUpdateMode.Merge, Token);
}
