using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Conformance;

namespace OrleansStream.Log.AzureBlobs.Tests.Objects;

// A create is told as ours exactly when it is. A segment of a split that is told as "taken" though it is ours would stay as an orphan; the other way round
// a manifest would name somebody else's bytes.
public sealed class BlobObjectStoreTests(AzuriteFixture azurite)
{
    private const string Name = "p/0/0000000000000000-1-x";

    private static readonly byte[] Ours = Pieces.Bytes(3_000, seed: 1);
    private static readonly byte[] Theirs = Pieces.Bytes(3_000, seed: 2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<int, string> LostAnswers => new() { { 0, "connection" }, { 500, "OperationTimedOut" }, { 503, "ServerBusy" }, { 409, "" } };

    [Theory, MemberData(nameof(LostAnswers))]
    public async Task A_create_whose_answer_was_lost_knows_its_own_object(int status, string code)
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(status == 0 ? FaultPolicy.LoseAnswer : FaultPolicy.AnswerAfter(status, code.Length == 0 ? null : code));

        Assert.True(await CreateAsync(account));

        Assert.Equal(Ours, await ReadAsync(account));
        Assert.Equal(1, PutsOf(account)); // It was looked up, not sent again.
    }

    [Fact]
    public async Task A_create_that_was_lost_on_its_way_is_sent_again()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.LoseRequest, FaultPolicy.AnswerInstead(503, "ServerBusy"));

        Assert.True(await CreateAsync(account));

        Assert.Equal(Ours, await ReadAsync(account));
        Assert.Equal(3, PutsOf(account));
    }

    // What a retry below us, or a proxy's, makes of a success: the second copy meets the first.
    [Fact]
    public async Task A_conflict_with_itself_is_success()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerAfter(409, "BlobAlreadyExists"));

        Assert.True(await CreateAsync(account));
        Assert.Equal(Ours, await ReadAsync(account));
    }

    [Fact]
    public async Task A_lost_answer_over_somebody_else_s_object_is_no_success()
    {
        var account = await TestAccount.CreateAsync(azurite);
        await new TestObject(account).CreateAsync(Name, Theirs);
        account.Faults.OnNextPut(FaultPolicy.LoseAnswer);

        Assert.False(await CreateAsync(account));
        Assert.Equal(Theirs, await ReadAsync(account));
    }

    [Fact]
    public async Task The_same_bytes_of_somebody_else_are_not_ours()
    {
        var account = await TestAccount.CreateAsync(azurite);
        await new TestObject(account).CreateAsync(Name, Ours);

        Assert.False(await CreateAsync(account));
    }

    // The service refuses a create while another is under way that may yet fail: then there is nothing, and a conflict told nothing.
    [Fact]
    public async Task After_a_conflict_with_nothing_the_same_is_sent_again()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerInstead(409, "BlobAlreadyExists"));

        Assert.True(await CreateAsync(account));
        Assert.Equal(2, PutsOf(account));
    }

    [Fact]
    public async Task A_look_up_that_fails_leaves_the_create_undecided_until_one_succeeds()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.LoseAnswer);
        account.Faults.OnNextOther(FaultPolicy.LoseRequest, FaultPolicy.LoseRequest, FaultPolicy.LoseRequest, FaultPolicy.LoseRequest);

        Assert.True(await CreateAsync(account));

        Assert.Equal(2, PutsOf(account)); // The second met the first, and was found to be the same.
    }

    [Fact]
    public async Task A_create_that_stays_undecided_says_so_after_its_time_with_growing_pauses()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut([.. Enumerable.Repeat<Fault>(FaultPolicy.LoseRequest, 1_000)]);

        var unknown = await Assert.ThrowsAsync<OutcomeUnknownException>(async () => await CreateAsync(account));

        Assert.Equal(Name, unknown.Name);
        Assert.Contains($"after {PutsOf(account)} tries", unknown.Message, StringComparison.Ordinal);
        var waits = account.Pauses.Waits;
        Assert.InRange(waits.Aggregate(TimeSpan.Zero, (sum, wait) => sum + wait), TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(62));
        Assert.All(waits.Select((wait, attempt) => (Wait: wait, Most: TimeSpan.FromMilliseconds(100 * Math.Min(Math.Pow(2, attempt), 20)))), pause => Assert.InRange(pause.Wait, pause.Most / 2, pause.Most));
    }

    [Fact]
    public async Task A_refused_create_is_not_tried_again()
    {
        var account = await TestAccount.CreateAsync(azurite);
        account.Faults.OnNextPut(FaultPolicy.AnswerInstead(403, "AuthorizationPermissionMismatch"));

        var refused = await Assert.ThrowsAsync<StorageException>(async () => await CreateAsync(account));

        Assert.Contains("403 AuthorizationPermissionMismatch", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, PutsOf(account));
    }

    [Fact]
    public async Task A_late_copy_of_a_create_finds_its_name_taken()
    {
        var account = await TestAccount.CreateAsync(azurite);
        Func<Task>? late = null;
        account.Faults.OnNextPut((message, _) =>
        {
            var body = new MemoryStream();
            message.Request.Content!.WriteTo(body, Token);
            late = () => account.Raw.GetBlobClient(Name).UploadAsync(new BinaryData(body.ToArray()), new Azure.Storage.Blobs.Models.BlobUploadOptions { Conditions = new() { IfNoneMatch = Azure.ETag.All } }, Token);
            throw new Azure.RequestFailedException("The connection broke.");
        });
        Assert.True(await CreateAsync(account));

        var refused = await Assert.ThrowsAsync<Azure.RequestFailedException>(() => late!());

        Assert.Equal(409, refused.Status);
        Assert.Equal(Ours, await ReadAsync(account));
    }

    [Fact]
    public async Task Ages_come_from_the_service()
    {
        var account = await TestAccount.CreateAsync(azurite);
        await CreateAsync(account);

        var listed = new List<ListedObject>();
        await foreach (var line in account.Objects.ListWithAgesAsync("p/", Token)) listed.Add(line);

        // The fake clocks stand in another century.
        Assert.InRange(Assert.Single(listed).Age!.Value, TimeSpan.Zero, TimeSpan.FromMinutes(5));
    }

    private static ValueTask<bool> CreateAsync(TestAccount account) => account.Objects.TryCreateAsync(Name, Pieces.Of(Ours, 3), Token);

    private static async Task<byte[]> ReadAsync(TestAccount account)
    {
        var bytes = new byte[10_000];
        return bytes[..await account.Container.ReadAsync(Name, 0, bytes, Token)];
    }

    private static int PutsOf(TestAccount account) => account.Faults.Requests.Count(request => request == $"PUT {Name}");

    // Another writer, without faults.
    private sealed class TestObject(TestAccount account)
    {
        public async Task CreateAsync(string name, byte[] content) => await account.Raw.UploadBlobAsync(name, new BinaryData(content), Token);
    }
}
