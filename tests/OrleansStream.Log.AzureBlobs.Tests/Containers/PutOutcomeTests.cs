using System.Net.Sockets;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Containers;

// What a put is told as, for each way in which it can go. "Unknown" is always true and never wrong; the other two must be.
public sealed class PutOutcomeTests(AzuriteFixture azurite)
{
    private const string Name = "w/0/1";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool> Unknowns => new()
    {
        { "request lost", false }, { "answer lost", true },
        { "cut as it opens", false },
        { "503 before", false }, { "503 after", true },
        { "500 before", false }, { "500 after", true },
        { "408", false }, { "429", false },
        { "412 of something between", false }, { "409 of something between", true },
        { "too late before", false }, { "too late after", true },
    };

    [Theory, MemberData(nameof(Unknowns))]
    public async Task What_does_not_tell_what_was_done_is_unknown(string fault, bool stands)
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultOf(account, fault));

        var put = await PutAsync(account);

        Assert.Equal(BlobOutcome.Unknown, put.Outcome);
        Assert.False(string.IsNullOrEmpty(put.Detail));
        Assert.Equal(stands, await account.Container.FindAsync(Name, Token) is not null);
    }

    // A service that is asked too much is to be asked less; one that is broken, or out of reach, is not helped by that.
    [Theory]
    [InlineData(503, "ServerBusy", true)]
    [InlineData(503, null, true)]
    [InlineData(500, "OperationTimedOut", true)]
    [InlineData(429, null, true)]
    [InlineData(500, "InternalError", false)]
    [InlineData(502, null, false)]
    [InlineData(408, null, false)]
    public async Task A_service_that_is_asked_too_much_is_told_as_busy(int status, string? code, bool isBusy)
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerInstead(status, code));

        var put = await PutAsync(account);

        Assert.Equal((BlobOutcome.Unknown, isBusy), (put.Outcome, put.IsBusy));
    }

    [Fact]
    public async Task A_put_is_sent_once_whatever_becomes_of_it()
    {
        foreach (var fault in Unknowns.Select(row => row.Data.Item1))
        {
            var account = await TestAccount.CreateAsync(azurite);
            account.Faults.OnNextPut(FaultOf(account, fault));

            await PutAsync(account);

            Assert.Single(account.Faults.Requests, $"PUT {Name}");
        }
    }

    [Theory]
    [InlineData(409, "BlobAlreadyExists", BlobOutcome.Conflict)]
    [InlineData(412, "ConditionNotMet", BlobOutcome.Conflict)]
    [InlineData(412, "TargetConditionNotMet", BlobOutcome.Conflict)]
    public async Task A_condition_that_did_not_hold_is_a_conflict(int status, string code, BlobOutcome outcome)
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerInstead(status, code));

        Assert.Equal(outcome, (await PutAsync(account)).Outcome);
    }

    // Blocks that are staged and then committed could be another writer's, and would be two chances for a fault in one outcome.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4 * 1024 * 1024)]
    [InlineData(9 * 1024 * 1024)]
    public async Task A_put_is_one_request_of_the_whole_blob(int length)
    {
        var account = await TestAccount.CreateAsync(azurite);
        var before = account.Faults.Requests.Count;

        var put = await account.Container.PutAsync(Name, Pieces.Of(new byte[length], 3), expected: null, Guid.Empty, Token);

        Assert.Equal(BlobOutcome.Written, put.Outcome);
        Assert.Equal([$"PUT {Name}"], account.Faults.Requests.Skip(before));
    }

    // Taken for a race, these would be tried for ever; taken for unknown too.
    [Theory]
    [InlineData(400, "InvalidHeaderValue")]
    [InlineData(403, "AuthorizationPermissionMismatch")]
    [InlineData(403, "AuthenticationFailed")]
    [InlineData(404, "ContainerNotFound")]
    [InlineData(409, "BlobImmutableDueToPolicy")]
    [InlineData(409, "ContainerBeingDeleted")]
    [InlineData(412, "LeaseIdMissing")]
    [InlineData(413, "RequestBodyTooLarge")]
    public async Task Another_refusal_is_an_error_that_no_new_try_mends(int status, string code)
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerInstead(status, code));

        var refused = await Assert.ThrowsAsync<StorageException>(async () => await PutAsync(account));

        Assert.False(refused.IsTransient);
        Assert.Equal(Name, refused.Name);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Fact]
    public async Task A_put_takes_as_long_as_one_request_may_and_no_longer()
    {
        var account = await TestAccount.CreateAsync(azurite);
        var most = account.Options.RequestTimeout;
        account.Faults.OnNextPut(account.Faults.DelayAfter(most - TimeSpan.FromMilliseconds(1)));
        Assert.Equal(BlobOutcome.Written, (await PutAsync(account)).Outcome);

        account.Faults.OnNextPut(account.Faults.DelayAfter(most));
        Assert.Equal(BlobOutcome.Unknown, (await PutAsync(account, name: Name + "2")).Outcome);
    }

    [Fact]
    public async Task Whoever_cancels_hears_no_outcome_and_the_put_may_stand()
    {
        var account = await TestAccount.CreateAsync(azurite);
        using var caller = new CancellationTokenSource();
        account.Faults.OnNextPut(async (message, send) =>
        {
            await send();
            await caller.CancelAsync();
            message.CancellationToken.ThrowIfCancellationRequested();
        });

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await PutAsync(account, caller.Token));

        Assert.Equal(caller.Token, cancelled.CancellationToken);
        Assert.NotNull(await account.Container.FindAsync(Name, Token));
    }

    // The HTTP client may read a body after its call is over, when the memory is somebody else's.
    [Fact]
    public async Task The_content_cannot_be_read_once_the_put_is_over()
    {
        var account = await TestAccount.CreateAsync(azurite);
        Azure.Core.RequestContent? body = null;
        account.Faults.OnNextPut((message, _) =>
        {
            body = message.Request.Content;
            throw new Azure.RequestFailedException("The connection broke.");
        });

        await PutAsync(account);

        using var sink = new MemoryStream();
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await body!.WriteToAsync(sink, Token));
        Assert.Equal(0, sink.Length);
    }

    private static Fault FaultOf(TestAccount account, string name) => name switch
    {
        "request lost" => FaultPolicy.LoseRequest,
        "answer lost" => FaultPolicy.LoseAnswer,
        "cut as it opens" => static (_, _) => throw new SocketException((int)SocketError.NotConnected), // As the HTTP client says it, bare.
        "503 before" => FaultPolicy.AnswerInstead(503, "ServerBusy"),
        "503 after" => FaultPolicy.AnswerAfter(503),
        "500 before" => FaultPolicy.AnswerInstead(500, "InternalError"),
        "500 after" => FaultPolicy.AnswerAfter(500, "OperationTimedOut"),
        "408" => FaultPolicy.AnswerInstead(408),
        "429" => FaultPolicy.AnswerInstead(429),
        "412 of something between" => FaultPolicy.AnswerInstead(412),
        "409 of something between" => FaultPolicy.AnswerAfter(409),
        "too late before" => account.Faults.DelayBefore(account.Options.RequestTimeout),
        "too late after" => account.Faults.DelayAfter(account.Options.RequestTimeout),
        _ => throw new ArgumentException(name),
    };

    private static ValueTask<BlobPut> PutAsync(TestAccount account, CancellationToken? token = null, string name = Name) =>
        account.Container.PutAsync(name, Pieces.Of([1, 2, 3]), expected: null, Guid.Empty, token ?? Token);
}
