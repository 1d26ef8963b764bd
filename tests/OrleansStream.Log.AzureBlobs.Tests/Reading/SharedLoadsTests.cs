using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Storage;
using OrleansStream.Testing.Dispatch;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

public sealed class SharedLoadsTests
{
    private readonly List<TaskCompletionSource<string>> _loads = [];
    private readonly List<LoadUrgency> _urgencies = [];
    private readonly RunningWork _work = new();
    private readonly ReadPermits _permits = new(new BlobReadingOptions { BackgroundRequests = 1 });
    private readonly SharedLoads<int, string> _shared;

    public SharedLoadsTests() => _shared = new SharedLoads<int, string>((_, urgency, _) => BeginAsync(urgency), _permits, _work);

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
        await Until.SoAsync(() => _loads.Count == 2);
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

    // Whoever reads ahead waits behind the broker's own work, and a reader who comes to what is being read does not.
    [Fact]
    public async Task A_load_that_waits_in_line_becomes_as_urgent_as_the_one_who_needs_it_most()
    {
        var busy = new ReadTicket(ReadPriority.Background, 1);
        Assert.True(_permits.TryEnter(busy));
        var ahead = AskAsync(ReadPriority.Background);
        var ticket = Assert.Single(_urgencies).NextTicket(1);
        var waiting = _permits.EnterAsync(ticket, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);

        var reader = AskAsync(ReadPriority.Hot);

        await waiting.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal((ReadPriority.Hot, ReadPriority.Hot), (ticket.Priority, _urgencies[0].NextTicket(1).Priority));
        Assert.Single(_loads).SetResult("there");
        Assert.Equal(["there", "there"], await Task.WhenAll(ahead, reader));
    }

    private Task<string> AskAsync(ReadPriority line = ReadPriority.Hot) => _shared.GetAsync(1, new LoadWish(line, ReadPriority.Hot), TestContext.Current.CancellationToken).AsTask();

    private Task<string> BeginAsync(LoadUrgency urgency)
    {
        _urgencies.Add(urgency);
        _loads.Add(new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _loads[^1].Task;
    }
}
