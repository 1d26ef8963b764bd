using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What every <see cref="ISessionStore"/> does. Each store's tests derive from it and run all of it.</summary>
public abstract class SessionStoreConformance
{
    /// <summary>A store that nobody else uses, with nothing in it, of cluster generation 0.</summary>
    protected abstract ValueTask<ISessionStore> NewStoreAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    protected static SessionId Session(int number) => new(new BrokerId(number % 3), new Guid(number, 0, 0, [0xFF, 2, 3, 4, 5, 6, 7, 8]));

    protected static SessionRecord Open(int number) => new(Session(number), SessionState.Open, Slot.Zero, End: null);

    [Fact]
    public async Task A_session_without_a_record_has_none()
    {
        var store = await NewStoreAsync();
        Assert.True(await store.CompareAndSetAsync(Open(1), expected: null, Token));

        Assert.Null(await store.GetAsync(Session(2), Token));
    }

    [Fact]
    public async Task Every_state_reads_back_as_written()
    {
        var store = await NewStoreAsync();
        ETag? version = null;
        foreach (var record in new[]
        {
            Open(1),
            Open(1) with { TrimPoint = new Slot(long.MaxValue) },
            Open(1) with { State = SessionState.Fencing, TrimPoint = new Slot(5) },
            Open(1) with { State = SessionState.Fencing, TrimPoint = new Slot(5), End = new Slot(9) },
            Open(1) with { State = SessionState.Fencing, End = Slot.Zero },
            Open(1) with { State = SessionState.Closed, TrimPoint = new Slot(5), End = new Slot(9) },
        })
        {
            Assert.True(await store.CompareAndSetAsync(record, version, Token));
            var stored = await store.GetAsync(record.Session, Token);
            Assert.Equal(record, stored!.Record);
            Assert.NotEqual(version, stored.ETag);
            version = stored.ETag;
        }
    }

    [Fact]
    public async Task A_name_is_taken_once()
    {
        var store = await NewStoreAsync();
        Assert.True(await store.CompareAndSetAsync(Open(1), expected: null, Token));

        Assert.False(await store.CompareAndSetAsync(Open(1), expected: null, Token)); // Not even by the same record: it is another writer's.
        Assert.False(await store.CompareAndSetAsync(Open(1) with { TrimPoint = new Slot(1) }, expected: null, Token));

        Assert.Equal(Open(1), (await store.GetAsync(Session(1), Token))!.Record);
    }

    [Fact]
    public async Task Only_the_newest_version_is_replaced()
    {
        var store = await NewStoreAsync();
        await store.CompareAndSetAsync(Open(1), expected: null, Token);
        var first = (await store.GetAsync(Session(1), Token))!;
        Assert.True(await store.CompareAndSetAsync(first.Record with { State = SessionState.Fencing }, first.ETag, Token));

        Assert.False(await store.CompareAndSetAsync(first.Record with { TrimPoint = new Slot(4) }, first.ETag, Token));

        Assert.Equal(Open(1) with { State = SessionState.Fencing }, (await store.GetAsync(Session(1), Token))!.Record);
    }

    [Fact]
    public async Task A_record_that_is_not_there_is_not_replaced()
    {
        var store = await NewStoreAsync();
        await store.CompareAndSetAsync(Open(1), expected: null, Token);
        var other = (await store.GetAsync(Session(1), Token))!.ETag;

        Assert.False(await store.CompareAndSetAsync(Open(2), other, Token));

        Assert.Null(await store.GetAsync(Session(2), Token));
    }

    // Rule X1: of a trim and a fence that race, one learns that it lost.
    [Fact]
    public async Task Of_many_writes_at_once_one_stands()
    {
        var store = await NewStoreAsync();
        await store.CompareAndSetAsync(Open(1), expected: null, Token);
        var first = (await store.GetAsync(Session(1), Token))!;

        var won = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => store.CompareAndSetAsync(first.Record with { TrimPoint = new Slot(100 + writer) }, first.ETag, Token).AsTask()));

        var winner = Assert.Single(Enumerable.Range(0, won.Length), writer => won[writer]);
        Assert.Equal(new Slot(100 + winner), (await store.GetAsync(Session(1), Token))!.Record.TrimPoint);
    }

    [Fact]
    public async Task A_session_begins_and_ends_in_its_record()
    {
        var store = await NewStoreAsync();
        var names = new Queue<Guid>([Session(3).Unique, Session(3).Unique, Session(6).Unique]);

        var first = await SessionRecords.BeginAsync(store, new BrokerId(0), names.Dequeue, Token);
        var second = await SessionRecords.BeginAsync(store, new BrokerId(0), names.Dequeue, Token);
        await SessionRecords.EndAsync(store, first, new Slot(17), Token);
        await SessionRecords.EndAsync(store, first, new Slot(99), Token); // The end is found once.

        Assert.Equal(Session(3), first);
        Assert.Equal(Session(6), second); // Its first name was taken.
        Assert.Equal(Open(3) with { State = SessionState.Fencing, End = new Slot(17) }, (await store.GetAsync(first, Token))!.Record);
        Assert.Equal(Open(6), (await store.GetAsync(second, Token))!.Record);
    }

    [Fact]
    public async Task A_list_has_every_record()
    {
        var store = await NewStoreAsync();
        for (var number = 0; number < 12; number++) await store.CompareAndSetAsync(Open(number), expected: null, Token);

        var listed = new List<SessionRecord>();
        await foreach (var stored in store.ListAsync(Token))
        {
            Assert.Equal((await store.GetAsync(stored.Record.Session, Token))!.ETag, stored.ETag);
            listed.Add(stored.Record);
        }

        Assert.Equal(Enumerable.Range(0, 12).Select(Open), listed.OrderBy(record => record.Session.Unique));
    }

    [Fact]
    public async Task A_write_that_was_cancelled_before_it_began_does_nothing()
    {
        var store = await NewStoreAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.CompareAndSetAsync(Open(1), null, new CancellationToken(canceled: true)));

        Assert.Null(await store.GetAsync(Session(1), Token));
    }
}
