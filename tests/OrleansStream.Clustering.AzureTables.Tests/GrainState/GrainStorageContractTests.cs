using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Tests.Harness;

namespace OrleansStream.Clustering.AzureTables.Tests.GrainState;

// What Orleans asks of every grain storage, with either way to clear.
public sealed class GrainStorageContractTests(AzuriteFixture azurite)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static GrainState<SampleState> NewState(string text = "first", long number = 1) => new() { State = new SampleState { Text = text, Number = number } };

    [Fact]
    public async Task A_state_that_was_never_written_reads_as_new_without_a_record()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);

        var read = await storage.ReadAsync(TestStorage.NewGrain());

        Assert.Equal(new SampleState(), read.State);
        Assert.False(read.RecordExists);
        Assert.Null(read.ETag);
    }

    [Theory, InlineData("text"), InlineData("Привет, мир"), InlineData("")]
    public async Task A_written_state_reads_the_same(string text)
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState(text, long.MaxValue);

        await storage.WriteAsync(TestStorage.NewGrain(), state);

        var read = await storage.ReadAsync(TestStorage.NewGrain());
        Assert.Equal(state.State, read.State);
        Assert.Equal(state.ETag, read.ETag);
        Assert.True(state.RecordExists && read.RecordExists);
    }

    [Theory, InlineData("plain"), InlineData("with spaces, ä/slashes\\ and 100 % + ?&#"), InlineData("..")]
    public async Task Any_key_can_be_a_grain_s(string key)
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();

        await storage.WriteAsync(TestStorage.NewGrain(key), state);

        Assert.Equal(state.ETag, (await storage.ReadAsync(TestStorage.NewGrain(key))).ETag);
        Assert.False((await storage.ReadAsync(TestStorage.NewGrain(key + "x"))).RecordExists);
    }

    [Fact]
    public async Task Each_write_changes_the_etag()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        var etags = new HashSet<string?> { null };

        for (var write = 0; write < 4; write++)
        {
            await storage.WriteAsync(TestStorage.NewGrain(), state);
            Assert.True(etags.Add(state.ETag));
        }
    }

    [Fact]
    public async Task Two_states_of_one_grain_are_apart()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var (first, second) = (NewState("first"), NewState("second"));
        await storage.Storage.WriteStateAsync("one", TestStorage.NewGrain(), first, Token);
        await storage.Storage.WriteStateAsync("two", TestStorage.NewGrain(), second, Token);

        await storage.Storage.ClearStateAsync("two", TestStorage.NewGrain(), second, Token);

        var read = NewState("stale");
        await storage.Storage.ReadStateAsync("one", TestStorage.NewGrain(), read, Token);
        Assert.Equal("first", read.State!.Text);
    }

    [Fact]
    public async Task A_second_first_write_is_inconsistent_and_changes_nothing()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        await storage.WriteAsync(TestStorage.NewGrain(), NewState());
        var late = NewState("late");

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteAsync(TestStorage.NewGrain(), late));

        Assert.Equal("first", (await storage.ReadAsync(TestStorage.NewGrain())).State!.Text);
        Assert.Null(late.ETag);
    }

    [Fact]
    public async Task A_write_with_a_stale_etag_is_inconsistent_and_changes_nothing()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        var stale = state.ETag!;
        await storage.WriteAsync(TestStorage.NewGrain(), state);

        var exception = await Assert.ThrowsAsync<InconsistentStateException>(
            () => storage.WriteAsync(TestStorage.NewGrain(), new GrainState<SampleState> { State = new SampleState { Text = "stale" }, ETag = stale }));

        Assert.Equal(stale, exception.CurrentEtag);
        Assert.Equal(state.ETag, (await storage.ReadAsync(TestStorage.NewGrain())).ETag);
    }

    [Fact]
    public async Task A_write_over_a_state_that_was_deleted_is_inconsistent()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        var state = NewState();
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        await storage.ClearAsync(TestStorage.NewGrain(), await storage.ReadAsync(TestStorage.NewGrain()));

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.WriteAsync(TestStorage.NewGrain(), state));
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_cleared_state_is_new_has_no_record_and_can_be_cleared_and_written_again(bool delete)
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.DeleteStateOnClear = delete);
        var state = NewState();
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        var written = state.ETag;

        await storage.ClearAsync(TestStorage.NewGrain(), state);

        Assert.Equal(new SampleState(), state.State);
        Assert.False(state.RecordExists);
        Assert.NotEqual(written, state.ETag);
        var read = await storage.ReadAsync(TestStorage.NewGrain());
        Assert.Equal(new SampleState(), read.State);
        Assert.False(read.RecordExists);
        Assert.Equal(state.ETag, read.ETag);

        await storage.ClearAsync(TestStorage.NewGrain(), state);
        state.State = new SampleState { Text = "second" };
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        Assert.Equal("second", (await storage.ReadAsync(TestStorage.NewGrain())).State!.Text);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task Clearing_what_was_never_written_is_no_error(bool delete)
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.DeleteStateOnClear = delete);
        var state = NewState();
        state.RecordExists = true;

        await storage.ClearAsync(TestStorage.NewGrain(), state);

        Assert.False(state.RecordExists);
        Assert.Equal(new SampleState(), state.State);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Clearing_what_somebody_else_wrote_is_inconsistent_and_keeps_it(bool delete, bool knowsOlderOne)
    {
        await using var storage = await TestStorage.CreateAsync(azurite, options => options.DeleteStateOnClear = delete);
        var state = NewState();
        await storage.WriteAsync(TestStorage.NewGrain(), state);
        var stale = new GrainState<SampleState> { State = new SampleState(), ETag = knowsOlderOne ? state.ETag : null };
        await storage.WriteAsync(TestStorage.NewGrain(), state);

        await Assert.ThrowsAsync<InconsistentStateException>(() => storage.ClearAsync(TestStorage.NewGrain(), stale));

        Assert.Equal(state.ETag, (await storage.ReadAsync(TestStorage.NewGrain())).ETag);
    }

    [Fact]
    public async Task Many_states_can_be_written_and_read_at_once()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(async number =>
        {
            var state = NewState("many", number);
            for (var write = 0; write < 3; write++) await storage.WriteAsync(TestStorage.NewGrain($"{number}"), state);
            Assert.Equal(number, (await storage.ReadAsync(TestStorage.NewGrain($"{number}"))).State!.Number);
        }));
    }

    [Fact]
    public async Task The_methods_without_a_token_do_the_same()
    {
        await using var storage = await TestStorage.CreateAsync(azurite);
        IGrainStorage grains = storage.Storage;
        var state = NewState();
#pragma warning disable xUnit1051 // Older callers use them.
        await grains.WriteStateAsync("name", TestStorage.NewGrain(), state);
        await grains.ReadStateAsync("name", TestStorage.NewGrain(), state);
        Assert.True(state.RecordExists);
        await grains.ClearStateAsync("name", TestStorage.NewGrain(), state);
#pragma warning restore xUnit1051
        Assert.False((await storage.ReadAsync(TestStorage.NewGrain())).RecordExists);
    }
}
