using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Storage;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class SharedLoadsTests
{
    private readonly List<TaskCompletionSource<string>> _loads = [];
    private readonly RunningWork _work = new();
    private readonly SharedLoads<int, string> _shared;

    public SharedLoadsTests() => _shared = new SharedLoads<int, string>((_, _) => BeginAsync(), _work);

    [Fact]
    public async Task Those_who_ask_at_once_share_one_load()
    {
        var (first, second) = (AskAsync(), AskAsync());

        Assert.Single(_loads).SetResult("there");

        Assert.Equal(["there", "there"], await Task.WhenAll(first, second));
        await _work.EndedAsync();
    }

    // Whoever reads ahead of a live lane looks for blocks that do not stand yet.
    [Fact]
    public async Task A_load_that_found_nothing_is_no_answer_for_those_who_came_after_it_began()
    {
        var (first, second) = (AskAsync(), AskAsync());

        _loads[0].SetException(new MissingObjectException("w/1"));
        await Assert.ThrowsAsync<MissingObjectException>(() => first);
        while (_loads.Count < 2) await Task.Yield();
        _loads[1].SetResult("by now");

        Assert.Equal("by now", await second);
    }

    [Fact]
    public async Task What_is_missing_when_one_asks_is_looked_for_once()
    {
        var ask = AskAsync();

        _loads[0].SetException(new MissingObjectException("w/1"));

        await Assert.ThrowsAsync<MissingObjectException>(() => ask);
        Assert.Single(_loads);
    }

    private Task<string> AskAsync() => _shared.GetAsync(1, TestContext.Current.CancellationToken).AsTask();

    private Task<string> BeginAsync()
    {
        _loads.Add(new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _loads[^1].Task;
    }
}
