using Azure;
using Azure.Storage.Blobs.Models;
using Orleans;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.GrainState;

// docs/formats/grain-state.md, and writes whose answer was lost.
public sealed class StateBlobTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static GrainState<SampleState> NewState(string text = "first") => new() { State = new SampleState { Text = text } };

    [Fact]
    public async Task A_blob_has_the_official_name_and_holds_the_default_serializer_s_json()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        await storage.WriteAsync(TestStorage.NewGrain("k-1"), NewState());

        var blob = (await storage.Container.GetBlobClient("name-sample/k-1.json").DownloadContentAsync(Token)).Value;

        Assert.Equal("application/octet-stream", blob.Details.ContentType);
        Assert.Contains("\"Text\":\"first\"", blob.Content.ToString());
        Assert.Contains("\"$type\":", blob.Content.ToString());
    }

    [Fact]
    public async Task A_blob_that_another_silo_wrote_is_read()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        await storage.Container.GetBlobClient("name-sample/key.json").UploadAsync(BinaryData.FromString("{\"Text\":\"theirs\",\"Number\":7}"), Token);

        var read = await storage.ReadAsync(TestStorage.NewGrain());

        Assert.Equal(new SampleState { Text = "theirs", Number = 7 }, read.State);
        await storage.WriteAsync(TestStorage.NewGrain(), read);
    }

    [Fact]
    public async Task Clearing_deletes_the_blob_or_leaves_an_empty_one()
    {
        await using var deleting = await TestStorage.CreateAsync(azurite);
        await using var keeping = await TestStorage.CreateAsync(azurite, options => options.DeleteStateOnClear = false);
        foreach (var storage in (TestStorage[])[deleting, keeping])
        {
            var state = NewState();
            await storage.WriteAsync(TestStorage.NewGrain(), state);
            await storage.ClearAsync(TestStorage.NewGrain(), state);
        }

        Assert.False(await deleting.Container.GetBlobClient("name-sample/key.json").ExistsAsync(Token));
        BlobProperties kept = await keeping.Container.GetBlobClient("name-sample/key.json").GetPropertiesAsync(cancellationToken: Token);
        Assert.Equal(0, kept.ContentLength);
    }

    [Fact]
    public async Task A_container_that_is_gone_reads_as_empty_and_comes_back_with_a_write()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        await storage.Container.DeleteAsync(cancellationToken: Token);

        Assert.False((await storage.ReadAsync(TestStorage.NewGrain())).RecordExists);
        await storage.WriteAsync(TestStorage.NewGrain(), NewState());

        Assert.True((await storage.ReadAsync(TestStorage.NewGrain())).RecordExists);
    }

    // One byte on either side of the limit.
    [Theory, InlineData(1024, true), InlineData(1025, false)]
    public async Task A_blob_larger_than_the_limit_is_refused_before_it_is_read(int bytes, bool accepted)
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.MaxStateBytes = 1024);
        var json = "{\"Text\":\"" + new string('x', bytes - 11) + "\"}";
        await storage.Container.GetBlobClient("name-sample/key.json").UploadAsync(BinaryData.FromString(json), Token);

        var read = Record.ExceptionAsync(() => storage.ReadAsync(TestStorage.NewGrain()));

        if (accepted) Assert.Null(await read);
        else Assert.Contains("1025 bytes; MaxStateBytes allows 1024", (await read)!.Message);
    }

    [Fact]
    public async Task A_state_larger_than_the_limit_is_not_written()
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.MaxStateBytes = 1024);

        await Assert.ThrowsAsync<InvalidOperationException>(() => storage.WriteAsync(TestStorage.NewGrain(), NewState(new string('x', 1024))));

        Assert.False((await storage.ReadAsync(TestStorage.NewGrain())).RecordExists);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_write_whose_answer_was_lost_is_found_to_have_happened(bool timedOut)
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        storage.Faults.OnNextWrite(timedOut ? FaultPolicy.TimeOut : FaultPolicy.LoseAnswer);
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        storage.Faults.OnNextWrite(timedOut ? FaultPolicy.TimeOut : FaultPolicy.LoseAnswer);
        await storage.WriteAsync(TestStorage.NewGrain(), state);

        Assert.Equal(state.ETag, (await storage.ReadAsync(TestStorage.NewGrain())).ETag);
        Assert.Empty(storage.Time.Waits);
    }

    [Fact]
    public async Task A_write_whose_request_was_lost_is_tried_again_after_a_pause()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        storage.Faults.OnNextWrite(FaultPolicy.LoseRequest);
        await storage.WriteAsync(TestStorage.NewGrain(), state);

        Assert.Equal(state.ETag, (await storage.ReadAsync(TestStorage.NewGrain())).ETag);
        Assert.Single(storage.Time.Waits, TimeSpan.FromMilliseconds(1));
    }

    // The same content by another hand is still another's write.
    [Fact]
    public async Task A_lost_write_that_another_one_overtook_is_inconsistent()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        storage.Faults.OnNextWrite(async (_, _) =>
        {
            await storage.WriteAsync(TestStorage.NewGrain(), NewState());
            throw new RequestFailedException("The connection broke.");
        });

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteAsync(TestStorage.NewGrain(), NewState()));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_deletion_whose_answer_or_request_was_lost_still_happens_once(bool answer)
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        storage.Faults.OnNextWrite(answer ? FaultPolicy.LoseAnswer : FaultPolicy.LoseRequest);

        await storage.ClearAsync(TestStorage.NewGrain(), state);

        Assert.False(await storage.Container.GetBlobClient("name-sample/key.json").ExistsAsync(Token));
    }

    [Fact]
    public async Task An_account_that_cannot_be_reached_is_an_error_not_an_empty_state()
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.MaxRetries = 0);
        storage.Faults.Cut();

        await Assert.ThrowsAnyAsync<Exception>(() => storage.ReadAsync(TestStorage.NewGrain()));
        var exception = await Assert.ThrowsAnyAsync<Exception>(() => storage.WriteAsync(TestStorage.NewGrain(), NewState()));
        Assert.IsNotType<InconsistentStateException>(exception);
    }
}
