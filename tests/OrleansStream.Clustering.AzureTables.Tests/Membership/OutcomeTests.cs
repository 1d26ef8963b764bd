using Azure;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.Membership;

// A write whose answer was lost may have happened or not: the table tells.
public sealed class OutcomeTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_insert_whose_answer_was_lost_is_found_to_have_happened(bool timedOut)
    {
        var table = await TestTable.CreateAsync(azurite);
        var next = await table.NextVersionAsync();
        var entry = TestTable.NewEntry();
        table.Faults.OnNextWrite(timedOut ? FaultPolicy.TimeOut : FaultPolicy.LoseAnswer);

        Assert.True(await table.Membership.InsertRowAsync(entry, next, Token));

        Assert.Equal(1, (await table.ReadAllAsync()).Version.Version);
        Assert.NotNull(await table.StoredAsync(entry));
        Assert.Empty(table.Time.Waits);
    }

    [Fact]
    public async Task An_update_whose_request_was_lost_is_tried_again_after_growing_pauses()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        entry.Status = SiloStatus.Active;
        for (var lost = 0; lost < 3; lost++) table.Faults.OnNextWrite(FaultPolicy.LoseRequest);

        Assert.True(await table.UpdateAsync(entry));

        Assert.Equal(2, (await table.ReadAllAsync()).Version.Version);
        Assert.Equal([table.Options.RetryDelay, table.Options.RetryDelay * 2, table.Options.RetryDelay * 4], table.Time.Waits);
    }

    [Fact]
    public async Task An_update_that_another_one_overtook_unseen_returns_false()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        var other = TestTable.NewEntry();
        entry.Status = SiloStatus.Active;
        table.Faults.OnNextWrite(async (_, _) =>
        {
            await table.InsertAsync(other);
            throw new RequestFailedException("The connection broke.");
        });

        Assert.False(await table.UpdateAsync(entry));

        var data = await table.ReadAllAsync();
        Assert.Equal(2, data.Version.Version);
        Assert.Equal(SiloStatus.Joining, data.TryGet(entry.SiloAddress)!.Item1.Status);
    }

    [Fact]
    public async Task An_update_that_happened_unseen_counts_although_another_one_followed()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        entry.Status = SiloStatus.Active;
        table.Faults.OnNextWrite(async (_, send) =>
        {
            await send();
            await table.InsertAsync(TestTable.NewEntry());
            await table.Membership.UpdateIAmAliveAsync(new Orleans.MembershipEntry { SiloAddress = entry.SiloAddress, IAmAliveTime = TestTable.Noon.AddMinutes(1) }, Token);
            throw new RequestFailedException("The connection broke.");
        });

        Assert.True(await table.UpdateAsync(entry));

        Assert.Equal(3, (await table.ReadAllAsync()).Version.Version);
    }

    // The late try lands between the look-up and the next try, which then loses against its own predecessor.
    [Fact]
    public async Task A_try_that_lands_late_is_recognised_by_the_next_one()
    {
        var table = await TestTable.CreateAsync(azurite);
        var next = await table.NextVersionAsync();
        var entry = TestTable.NewEntry();
        table.Faults.OnNextWrite(FaultPolicy.LoseRequest);
        table.Faults.OnNextWrite(async (_, send) =>
        {
            // The same change by another hand stands for the first try.
            table.Faults.OnNextWrite((_, land) => land());
            Assert.True(await table.Membership.InsertRowAsync(entry, next, Token));
            await send();
        });

        Assert.True(await table.Membership.InsertRowAsync(entry, next, Token));

        Assert.Equal(1, (await table.ReadAllAsync()).Version.Version);
    }

    [Fact]
    public async Task A_table_that_cannot_be_reached_is_an_error_not_a_lost_race()
    {
        var table = await TestTable.CreateAsync(azurite, options => options.MaxRetries = 0);
        var next = await table.NextVersionAsync();
        table.Faults.Cut();

        await Assert.ThrowsAnyAsync<Exception>(() => table.Membership.InsertRowAsync(TestTable.NewEntry(), next, Token));
        await Assert.ThrowsAnyAsync<Exception>(() => table.ReadAllAsync());
        await Assert.ThrowsAnyAsync<Exception>(() => table.Gateways.GetGatewaysAsync(Token));
    }

    [Fact]
    public async Task A_write_that_never_gets_through_ends_with_the_last_failure()
    {
        var table = await TestTable.CreateAsync(azurite);
        var next = await table.NextVersionAsync();
        for (var lost = 0; lost <= table.Options.MaxRetries; lost++) table.Faults.OnNextWrite(FaultPolicy.LoseRequest);

        await Assert.ThrowsAsync<RequestFailedException>(() => table.Membership.InsertRowAsync(TestTable.NewEntry(), next, Token));

        Assert.Equal(table.Options.MaxRetries, table.Time.Waits.Count);
        Assert.Empty((await table.ReadAllAsync()).Members);
    }

    [Fact]
    public async Task The_client_itself_never_repeats_a_transaction()
    {
        var table = await TestTable.CreateAsync(azurite);
        var next = await table.NextVersionAsync();
        lock (table.Faults.Requests) table.Faults.Requests.Clear();
        table.Faults.OnNextWrite(FaultPolicy.LoseAnswer);

        await table.Membership.InsertRowAsync(TestTable.NewEntry(), next, Token);

        Assert.Single(table.Faults.Requests, "POST $batch");
    }

    [Fact]
    public async Task A_heartbeat_is_repeated_until_it_gets_through()
    {
        var table = await TestTable.CreateAsync(azurite);
        var entry = await table.InsertAsync(TestTable.NewEntry());
        table.Faults.OnNextWrite(FaultPolicy.LoseRequest);
        entry.IAmAliveTime = TestTable.Noon.AddMinutes(1);

        await table.Membership.UpdateIAmAliveAsync(entry, Token);

        Assert.Equal(entry.IAmAliveTime, (await table.StoredAsync(entry))!.IAmAliveTime);
    }

    [Fact]
    public async Task The_first_version_is_written_through_lost_requests_and_answers()
    {
        var table = await TestTable.CreateAsync(azurite);
        await table.Membership.DeleteMembershipTableEntriesAsync(table.ClusterId, Token);
        table.Faults.OnNextWrite((_, send) => send()); // The table's creation.
        table.Faults.OnNextWrite(FaultPolicy.LoseRequest);
        table.Faults.OnNextWrite(FaultPolicy.LoseAnswer);

        await table.Membership.InitializeMembershipTableAsync(true, Token);

        Assert.Equal(0, (await table.ReadAllAsync()).Version.Version);
        Assert.Equal(2, table.Time.Waits.Count);
    }
}
