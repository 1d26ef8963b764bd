using OrleansStream.Log.Ownership;

namespace OrleansStream.Log.Tests.Ownership;

public sealed class CutPermitsTests
{
    private readonly CutPermits _permits = new(atOnce: 3, keptForReleases: 1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void However_many_preparations_there_are_a_release_does_not_wait_for_them()
    {
        Assert.Equal([true, true, false, false], Enumerable.Range(0, 4).Select(_ => Prepare().IsCompleted));

        Assert.True(Release().IsCompleted);
    }

    [Fact]
    public void Releases_may_take_all_places_and_no_more()
    {
        Assert.Equal([true, true, true, false], Enumerable.Range(0, 4).Select(_ => Release().IsCompleted));
        Assert.False(Prepare().IsCompleted);
    }

    [Fact]
    public async Task Releases_that_wait_go_before_preparations_that_came_earlier()
    {
        for (var i = 0; i < 3; i++) Assert.True(Release().IsCompleted);
        var preparation = Prepare();
        var (release, last) = (Release(), Release());

        _permits.Return(isServed: false);
        await SoonAsync(release);
        _permits.Return(isServed: false);
        await SoonAsync(last);
        Assert.False(preparation.IsCompleted);
        _permits.Return(isServed: false);
        await SoonAsync(preparation);
    }

    [Fact]
    public async Task A_place_that_a_preparation_gives_back_is_the_next_ones()
    {
        Assert.True(Prepare().IsCompleted);
        Assert.True(Prepare().IsCompleted);
        var (third, fourth) = (Prepare(), Prepare());

        _permits.Return(isServed: true);

        await SoonAsync(third);
        Assert.False(fourth.IsCompleted);
    }

    [Fact]
    public async Task Who_gives_up_takes_no_place()
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        for (var i = 0; i < 3; i++) Assert.True(Release().IsCompleted);
        var (given, next) = (_permits.TakeAsync(isServed: false, end.Token), Release());
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);

        _permits.Return(isServed: false);

        await SoonAsync(next);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _permits.TakeAsync(isServed: false, end.Token));
    }

    // What waited goes on by the thread pool.
    private static Task SoonAsync(Task turn) => turn.WaitAsync(TimeSpan.FromSeconds(30), Token);

    private Task Prepare() => _permits.TakeAsync(isServed: true, Token);

    private Task Release() => _permits.TakeAsync(isServed: false, Token);
}
