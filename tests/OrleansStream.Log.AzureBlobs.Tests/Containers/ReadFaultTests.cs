using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Containers;

public sealed class ReadFaultTests(AzuriteFixture azurite)
{
    private const string Name = "p/0/1";

    private static readonly byte[] Content = Pieces.Bytes(5_000, seed: 1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> Calls => ["read", "get", "find", "delete", "list"];

    [Theory, MemberData(nameof(Calls))]
    public async Task What_changes_nothing_more_is_tried_again_as_often_as_the_option_says(string call)
    {
        var account = await AccountAsync();
        account.Faults.OnNextOther(FaultPolicy.LoseRequest, FaultPolicy.AnswerInstead(503, "ServerBusy"), FaultPolicy.LoseAnswer);

        await CallAsync(account, call);

        Assert.Equal(account.Options.MaxReadRetries + 1, account.Faults.Requests.Count(request => !request.StartsWith("PUT", StringComparison.Ordinal)) - OpeningRequests(account));
    }

    [Theory, MemberData(nameof(Calls))]
    public async Task After_the_last_try_the_store_could_not_be_asked(string call)
    {
        var account = await AccountAsync();
        account.Faults.OnNextOther(FaultPolicy.LoseRequest, FaultPolicy.LoseRequest, FaultPolicy.LoseRequest, FaultPolicy.LoseRequest);

        var failed = await Assert.ThrowsAsync<StorageException>(async () => await CallAsync(account, call));

        Assert.True(failed.IsTransient);
        Assert.DoesNotContain('\n', failed.Message);
    }

    [Theory]
    [InlineData("read")]
    [InlineData("get")]
    [InlineData("find")]
    public async Task A_missing_container_is_not_a_missing_blob(string call)
    {
        var account = await AccountAsync();
        await account.Raw.DeleteAsync(cancellationToken: Token);

        var failed = await Assert.ThrowsAsync<StorageException>(async () => await CallAsync(account, call));

        Assert.False(failed.IsTransient);
        Assert.Contains("the container is gone", failed.Message, StringComparison.Ordinal);
    }

    // A claim on a partition begins with "there is no manifest": that must not come from a proxy.
    [Theory]
    [InlineData("read")]
    [InlineData("get")]
    [InlineData("find")]
    public async Task A_404_that_the_service_did_not_give_is_not_believed(string call)
    {
        var account = await AccountAsync();
        account.Faults.OnNextOther(FaultPolicy.AnswerInstead(404));

        await Assert.ThrowsAsync<StorageException>(async () => await CallAsync(account, call));
    }

    [Fact]
    public async Task A_read_that_never_ends_is_ended()
    {
        var account = await AccountAsync();
        account.Faults.OnNextOther(account.Faults.DelayAfter(TimeSpan.FromHours(1)));

        var failed = await Assert.ThrowsAsync<StorageException>(async () => await CallAsync(account, "read"));

        Assert.True(failed.IsTransient);
    }

    [Theory, MemberData(nameof(Calls))]
    public async Task A_caller_who_cancels_is_told_so(string call)
    {
        var account = await AccountAsync();
        using var caller = new CancellationTokenSource();
        account.Faults.OnNextOther(async (message, _) =>
        {
            await caller.CancelAsync();
            message.CancellationToken.ThrowIfCancellationRequested();
        });

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await CallAsync(account, call, caller.Token));

        Assert.Equal(caller.Token, cancelled.CancellationToken);
    }

    private async Task<TestAccount> AccountAsync()
    {
        var account = await TestAccount.CreateAsync(azurite);
        await account.Container.PutAsync(Name, Pieces.Of(Content), expected: null, Guid.Empty, Token);
        return account;
    }

    // The look at the container, before it was created.
    private static int OpeningRequests(TestAccount account) => account.Faults.Requests.TakeWhile(request => request != $"PUT {Name}").Count(request => !request.StartsWith("PUT", StringComparison.Ordinal));

    private static async Task CallAsync(TestAccount account, string call, CancellationToken? given = null)
    {
        var token = given ?? Token;
        var bytes = new byte[Content.Length];
        switch (call)
        {
            case "read":
                Assert.Equal(bytes.Length, await account.Container.ReadAsync(Name, 0, bytes, token));
                Assert.Equal(Content, bytes);
                break;
            case "get":
                Assert.Equal(Content, (await account.Container.GetAsync(Name, Content.Length, token))!.Bytes);
                break;
            case "find":
                Assert.Equal(Content.Length, (await account.Container.FindAsync(Name, token))!.Length);
                break;
            case "delete":
                await account.Container.DeleteAsync(Name, token);
                break;
            default:
                await foreach (var line in account.Container.ListAsync("p/", token)) Assert.Equal(Name, line.Name);
                break;
        }
    }
}
