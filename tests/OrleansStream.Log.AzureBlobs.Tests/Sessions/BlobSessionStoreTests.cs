using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Sessions;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Sessions;

public sealed class BlobSessionStoreTests(AzuriteFixture azurite)
{
    private static readonly SessionId Session = new(new BrokerId(7), new Guid("aaaaaaaa-0000-0000-0000-000000000001"));
    private static readonly SessionRecord Open = new(Session, SessionState.Open, Slot.Zero, End: null);

    private readonly SimulatedBlobs _blobs = new(new FakeTimeProvider());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // One source of nonces for all: two with the same seed would give two writers the same ones.
    private readonly UndecidedPuts _undecided = new(new PassingTime(), new Random(1), TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));

    private BlobSessionStore Store => new(_blobs, _undecided, clusterGeneration: 0);

    [Theory]
    [InlineData(BlobFault.RequestLost)]
    [InlineData(BlobFault.AnswerLost)]
    [InlineData(BlobFault.Late)]
    [InlineData(BlobFault.Doubled)]
    [InlineData(BlobFault.FalseConflict)]
    public async Task A_write_is_asked_for_until_it_is_known_to_stand(BlobFault fault)
    {
        Assert.True(await Store.CompareAndSetAsync(Open, null, Token));
        var version = (await Store.GetAsync(Session, Token))!.ETag;
        Fail(fault, times: 1);

        Assert.True(await Store.CompareAndSetAsync(Open with { TrimPoint = new Slot(5) }, version, Token));
        if (_blobs.LatePuts > 0) Assert.False(_blobs.DeliverLate());

        Assert.Equal(new Slot(5), (await Store.GetAsync(Session, Token))!.Record.TrimPoint);
    }

    // Rule X1: the trim that lost to a fence is told so, even if its own write was there for a moment.
    [Theory]
    [InlineData(BlobFault.RequestLost)]
    [InlineData(BlobFault.AnswerLost)]
    public async Task A_write_over_which_another_came_is_lost(BlobFault fault)
    {
        Assert.True(await Store.CompareAndSetAsync(Open, null, Token));
        var version = (await Store.GetAsync(Session, Token))!.ETag;
        Fail(fault, times: 1);
        var tries = 0;
        _blobs.BeforeCall = call =>
        {
            if (!call.IsPut || ++tries != 2) return;
            var stored = Store.GetAsync(Session, Token).AsTask().GetAwaiter().GetResult()!;
            Assert.True(Store.CompareAndSetAsync(stored.Record with { State = SessionState.Fencing }, stored.ETag, Token).AsTask().GetAwaiter().GetResult());
        };

        Assert.False(await Store.CompareAndSetAsync(Open with { TrimPoint = new Slot(5) }, version, Token));

        Assert.Equal(SessionState.Fencing, (await Store.GetAsync(Session, Token))!.Record.State);
    }

    [Fact]
    public async Task A_write_that_stays_undecided_says_so()
    {
        Fail(BlobFault.RequestLost, times: int.MaxValue);

        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await Store.CompareAndSetAsync(Open, null, Token));

        Assert.Equal($"s/{Session}", unknown.Name);
    }

    [Fact]
    public async Task Whoever_gives_up_waiting_is_let_go()
    {
        using var caller = new CancellationTokenSource();
        _blobs.Faults = _ =>
        {
            caller.Cancel();
            return BlobFault.RequestLost;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Store.CompareAndSetAsync(Open, null, caller.Token));
    }

    [Fact]
    public async Task Two_sessions_that_race_for_a_name_on_an_account_do_not_both_have_it()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.After(async () => Assert.True(await account.Sessions.CompareAndSetAsync(Open, null, Token))), FaultPolicy.LoseAnswer);

        Assert.False(await account.Sessions.CompareAndSetAsync(Open, null, Token));
    }

    [Fact]
    public async Task Another_cluster_generation_is_refused()
    {
        Assert.True(await Store.CompareAndSetAsync(Open, null, Token));
        var next = new BlobSessionStore(_blobs, _undecided, clusterGeneration: 1);

        await Assert.ThrowsAsync<LogException>(async () => await next.GetAsync(Session, Token));
        await Assert.ThrowsAsync<LogException>(async () => await next.ListAsync(Token).GetAsyncEnumerator(Token).MoveNextAsync());
    }

    [Fact]
    public async Task Every_damaged_byte_is_found()
    {
        Assert.True(await Store.CompareAndSetAsync(Open, null, Token));
        var bytes = _blobs[$"s/{Session}"];
        for (var at = 0; at < bytes.Length; at++)
        {
            bytes[at] ^= 0x01;
            await Assert.ThrowsAnyAsync<LogException>(async () => await Store.GetAsync(Session, Token));
            bytes[at] ^= 0x01;
        }
    }

    private void Fail(BlobFault fault, int times)
    {
        var left = times;
        _blobs.Faults = call => call.IsPut && left-- > 0 ? fault : BlobFault.None;
    }
}
