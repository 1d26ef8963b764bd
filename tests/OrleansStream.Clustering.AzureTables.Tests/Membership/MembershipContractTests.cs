using Orleans;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.Membership;

// What Orleans asks of every membership table.
public sealed class MembershipContractTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_new_table_is_empty_at_version_0()
    {
        var table = await TestTable.CreateAsync(azurite);

        var data = await table.ReadAllAsync();

        Assert.Empty(data.Members);
        Assert.Equal(0, data.Version.Version);
        Assert.NotEmpty(data.Version.VersionEtag);
    }

    [Fact]
    public async Task Initialising_again_keeps_what_is_there()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());

        await table.Membership.InitializeMembershipTableAsync(true, Token);

        var data = await table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.Equal(entry.SiloAddress, Assert.Single(data.Members).Item1.SiloAddress);
    }

    [Fact]
    public async Task A_table_that_was_never_initialised_for_the_cluster_is_an_error_not_empty()
    {
        var table = await TestTable.CreateAsync(azurite);
        await table.Membership.DeleteMembershipTableEntriesAsync(table.ClusterId, Token);

        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => table.ReadAllAsync());

        Assert.Contains("no version row", exception.Message);
        await table.Membership.InitializeMembershipTableAsync(false, Token);
        await Assert.ThrowsAsync<InvalidOperationException>(() => table.ReadAllAsync());
    }

    [Fact]
    public async Task An_insert_adds_the_row_and_moves_the_version()
    {
        var table = await TestTable.CreateAsync(azurite);
        var before = (await table.ReadAllAsync()).Version;
        var entry = TestTable.NewEntry();

        Assert.True(await table.Membership.InsertRowAsync(entry, before.Next(), Token));

        var data = await table.ReadAllAsync();
        Assert.Equal(1, data.Version.Version);
        Assert.NotEqual(before.VersionEtag, data.Version.VersionEtag);
        var (stored, etag) = Assert.Single(data.Members);
        Assert.Equal(entry.ToFullString(), stored.ToFullString());
        Assert.NotEmpty(etag);
    }

    [Fact]
    public async Task Reading_one_row_gives_it_with_the_version_or_the_version_alone()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        await table.InsertAsync(TestTable.NewEntry());

        var found = await table.Membership.ReadRowAsync(entry.SiloAddress, Token);
        var missing = await table.Membership.ReadRowAsync(TestTable.NewAddress(), Token);

        Assert.Equal(entry.ToFullString(), Assert.Single(found.Members).Item1.ToFullString());
        Assert.Equal((await table.ReadAllAsync()).Version, found.Version);
        Assert.Empty(missing.Members);
        Assert.Equal(found.Version, missing.Version);
    }

    [Fact]
    public async Task An_insert_of_a_row_that_is_there_returns_false_and_changes_nothing()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        var before = await table.ReadAllAsync();
        entry.Status = SiloStatus.Active;

        Assert.False(await table.Membership.InsertRowAsync(entry, before.Version.Next(), Token));

        var after = await table.ReadAllAsync();
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(SiloStatus.Joining, Assert.Single(after.Members).Item1.Status);
    }

    [Fact]
    public async Task An_insert_with_a_stale_version_returns_false_and_adds_no_row()
    {
        var table = await TestTable.CreateAsync(azurite);
        var stale = await table.NextVersionAsync();
        await table.InsertAsync(TestTable.NewEntry());

        Assert.False(await table.Membership.InsertRowAsync(TestTable.NewEntry(), stale, Token));

        Assert.Single((await table.ReadAllAsync()).Members);
    }

    [Fact]
    public async Task An_update_replaces_the_row_and_moves_the_version()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        entry.Status = SiloStatus.Active;
        entry.SuspectTimes = [Tuple.Create(TestTable.NewAddress(), TestTable.Noon.AddSeconds(2)), Tuple.Create(TestTable.NewAddress(), TestTable.Noon.AddSeconds(3))];

        Assert.True(await table.UpdateAsync(entry));

        var data = await table.ReadAllAsync();
        Assert.Equal(2, data.Version.Version);
        Assert.Equal(entry.ToFullString(), Assert.Single(data.Members).Item1.ToFullString());

        // Votes that are no longer given are no longer there.
        entry.SuspectTimes = null;
        Assert.True(await table.UpdateAsync(entry));
        Assert.Null((await table.StoredAsync(entry))!.SuspectTimes);
    }

    [Fact]
    public async Task An_update_with_a_stale_version_returns_false_and_changes_nothing()
    {
        var table = await TestTable.CreateAsync(azurite);
        var stale = await table.NextVersionAsync();
        var entry = await table.InsertAsync(TestTable.NewEntry());
        var before = await table.ReadAllAsync();
        entry.Status = SiloStatus.Active;

        Assert.False(await table.Membership.UpdateRowAsync(entry, before.Members[0].Item2, stale, Token));

        var after = await table.ReadAllAsync();
        Assert.Equal(before.Version, after.Version);
        Assert.Equal(before.Members[0].Item2, after.Members[0].Item2);
        Assert.Equal(SiloStatus.Joining, after.Members[0].Item1.Status);
    }

    [Fact]
    public async Task An_update_of_a_row_that_is_missing_returns_false_and_moves_no_version()
    {
        var table = await TestTable.CreateAsync(azurite);
        await table.InsertAsync(TestTable.NewEntry());
        var before = await table.ReadAllAsync();

        Assert.False(await table.Membership.UpdateRowAsync(TestTable.NewEntry(), before.Members[0].Item2, before.Version.Next(), Token));

        Assert.Equal(before.Version, (await table.ReadAllAsync()).Version);
    }

    [Fact]
    public async Task Of_many_inserts_at_one_version_exactly_one_succeeds()
    {
        var table = await TestTable.CreateAsync(azurite);
        var next = await table.NextVersionAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => table.Membership.InsertRowAsync(TestTable.NewEntry(), next, Token)));

        Assert.Single(results, succeeded => succeeded);
        Assert.Single((await table.ReadAllAsync()).Members);
    }

    [Fact]
    public async Task Every_update_of_many_at_once_ends_in_a_version_of_its_own()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            while (!await table.UpdateAsync((await table.StoredAsync(entry))!)) await Task.Yield();
        }));

        Assert.Equal(9, (await table.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task A_heartbeat_changes_its_time_and_nothing_else()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        var before = await table.ReadAllAsync();

        // Orleans fills in no more than this.
        await table.Membership.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = TestTable.Noon.AddMinutes(1) }, Token);

        var after = await table.ReadAllAsync();
        Assert.Equal(before.Version, after.Version);
        entry.IAmAliveTime = TestTable.Noon.AddMinutes(1);
        Assert.Equal(entry.ToFullString(), Assert.Single(after.Members).Item1.ToFullString());
    }

    [Fact]
    public async Task A_heartbeat_does_not_invalidate_what_was_read_before_it()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        var read = await table.ReadAllAsync();
        await table.Membership.UpdateIAmAliveAsync(new MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = TestTable.Noon.AddMinutes(1) }, Token);

        entry.Status = SiloStatus.Active;

        Assert.True(await table.Membership.UpdateRowAsync(entry, read.Members[0].Item2, read.Version.Next(), Token));
    }

    [Fact]
    public async Task A_heartbeat_of_a_silo_without_a_row_makes_none_and_is_no_error()
    {
        var table = await TestTable.CreateAsync(azurite);

        await table.Membership.UpdateIAmAliveAsync(TestTable.NewEntry(), Token);

        Assert.Empty((await table.ReadAllAsync()).Members);
        Assert.Equal(3, (await table.RawRowsAsync()).Count);
    }

    [Fact]
    public async Task Deleting_a_cluster_s_entries_leaves_other_clusters_alone()
    {
        var table = await TestTable.CreateAsync(azurite);
        var other = await TestTable.CreateAsync(azurite);
        await table.InsertAsync(TestTable.NewEntry());
        await other.InsertAsync(TestTable.NewEntry());

        // Any silo can delete any cluster's entries.
        await other.Membership.DeleteMembershipTableEntriesAsync(table.ClusterId, Token);

        Assert.Empty(await table.RawRowsAsync());
        Assert.Single((await other.ReadAllAsync()).Members);
        await table.Membership.InitializeMembershipTableAsync(true, Token);
        Assert.Equal(0, (await table.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task Cleaning_removes_rows_of_dead_silos_only()
    {
        var table = await TestTable.CreateAsync(azurite);
        foreach (var status in Enum.GetValues<SiloStatus>()) await table.InsertAsync(TestTable.NewEntry(status));
        var before = await table.ReadAllAsync();

        await table.Membership.CleanupDefunctSiloEntriesAsync(TestTable.Noon.AddDays(1), Token);

        var after = await table.ReadAllAsync();
        Assert.Equal(before.Version, after.Version);
        Assert.DoesNotContain(after.Members, member => member.Item1.Status == SiloStatus.Dead);
        Assert.Equal(before.Members.Count - 1, after.Members.Count);
        Assert.Equal(3, (await table.RawRowsAsync()).Count(row => !row.ContainsKey("Address")));
    }

    // Start, heartbeat and vote: the last of them is when the silo was last heard of.
    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(2, 0, 0, false)]
    [InlineData(0, 2, 0, false)]
    [InlineData(0, 0, 2, false)]
    [InlineData(1, 1, 1, false)]
    public async Task Cleaning_keeps_the_dead_that_were_heard_of_since(int startHours, int heartbeatHours, int voteHours, bool removed)
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = TestTable.NewEntry(SiloStatus.Dead);
        entry.StartTime = TestTable.Noon.AddHours(startHours);
        entry.IAmAliveTime = TestTable.Noon.AddHours(heartbeatHours);
        entry.SuspectTimes = [Tuple.Create(TestTable.NewAddress(), TestTable.Noon.AddHours(voteHours))];
        await table.InsertAsync(entry);

        await table.Membership.CleanupDefunctSiloEntriesAsync(TestTable.Noon.AddHours(1), Token);

        Assert.Equal(removed, await table.StoredAsync(entry) is null);
    }

    [Fact]
    public async Task The_methods_without_a_token_do_the_same()
    {
        var table = await TestTable.CreateAsync(azurite);
        IMembershipTable membership = table.Membership;
        var entry = TestTable.NewEntry();
#pragma warning disable CS0618, xUnit1051 // Older callers use them.
        await membership.InitializeMembershipTable(true);
        Assert.True(await membership.InsertRow(entry, (await membership.ReadAll()).Version.Next()));
        var read = await membership.ReadRow(entry.SiloAddress);
        entry.Status = SiloStatus.Dead;
        Assert.True(await membership.UpdateRow(entry, read.Members[0].Item2, read.Version.Next()));
        await membership.UpdateIAmAlive(entry);
        await membership.CleanupDefunctSiloEntries(TestTable.Noon.AddDays(1));
        Assert.Empty((await membership.ReadAll()).Members);
        await membership.DeleteMembershipTableEntries(table.ClusterId);
#pragma warning restore CS0618, xUnit1051
        Assert.Empty(await table.RawRowsAsync());
    }
}
