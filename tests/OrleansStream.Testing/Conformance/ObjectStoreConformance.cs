using OrleansStream.Log.Storage;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What every <see cref="IObjectStore"/> does. Each store's tests derive from it and run all of it.</summary>
public abstract class ObjectStoreConformance
{
    private const string Name = "p/00a/topic/0/0000000000000001-2-x";

    /// <summary>A store that nobody else uses, with nothing in it.</summary>
    protected abstract ValueTask<IObjectStore> NewStoreAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 10_000, 10_000)]
    [InlineData(0, 20_000, 10_000)]
    [InlineData(1, 9_999, 9_999)]
    [InlineData(9_990, 100, 10)]
    [InlineData(9_999, 1, 1)]
    [InlineData(10_000, 1, 0)]
    [InlineData(10_001, 5, 0)]
    [InlineData(0, 0, 0)]
    public async Task A_range_reads_back_as_written_and_ends_with_the_object(long position, int length, int expected)
    {
        var store = await NewStoreAsync();
        var content = Pieces.Bytes(10_000, seed: 1);

        Assert.True(await store.TryCreateAsync(Name, Pieces.Of(content, 3), Token));
        var destination = new byte[length];
        var read = await store.ReadAsync(Name, position, destination, Token);

        Assert.Equal(expected, read);
        Assert.Equal(content.AsSpan((int)Math.Min(position, content.Length), expected), destination.AsSpan(0, read));
        Assert.Equal(content.Length, await store.LengthAsync(Name, Token));
    }

    [Fact]
    public async Task What_is_not_there_has_no_length_and_no_bytes()
    {
        var store = await NewStoreAsync();
        await CreateAsync(store, Name, 10);

        foreach (var name in new[] { "p/00a/topic/0/other", Name + "x", Name[..^1], "q" })
        {
            Assert.Equal(-1, await store.LengthAsync(name, Token));
            Assert.Equal(-1, await store.ReadAsync(name, 0, new byte[1], Token));
            Assert.Equal(-1, await store.ReadAsync(name, 0, Memory<byte>.Empty, Token));
        }
    }

    [Fact]
    public async Task An_object_may_be_empty()
    {
        var store = await NewStoreAsync();

        Assert.True(await store.TryCreateAsync(Name, Pieces.Of([]), Token));

        Assert.Equal(0, await store.LengthAsync(Name, Token));
        Assert.Equal(0, await store.ReadAsync(Name, 0, new byte[1], Token));
        Assert.Equal([Name], await ListAsync(store, ""));
    }

    [Fact]
    public async Task A_large_object_of_many_pieces_reads_back_in_ranges()
    {
        var store = await NewStoreAsync();
        var content = Pieces.Bytes((5 * 1024 * 1024) + 17, seed: 2);
        Assert.True(await store.TryCreateAsync(Name, Pieces.Of(content, 700), Token));

        var reads = await Task.WhenAll(Enumerable.Range(0, 6).Select(async part =>
        {
            var bytes = new byte[1024 * 1024];
            return bytes[..await store.ReadAsync(Name, part * bytes.Length, bytes, Token)];
        }));

        Assert.True(content.AsSpan().SequenceEqual(reads.SelectMany(bytes => bytes).ToArray()));
    }

    [Fact]
    public async Task The_first_create_of_a_name_wins_and_the_second_changes_nothing()
    {
        var store = await NewStoreAsync();
        var content = await CreateAsync(store, Name, 100);

        Assert.False(await store.TryCreateAsync(Name, Pieces.Of(Pieces.Bytes(50, seed: 9)), Token));
        Assert.False(await store.TryCreateAsync(Name, Pieces.Of(content), Token)); // Not even with the same bytes: they are another's.

        Assert.Equal(content, await ReadAllAsync(store, Name));
    }

    [Fact]
    public async Task Of_many_creates_at_once_one_wins_as_a_whole()
    {
        var store = await NewStoreAsync();
        var contents = Enumerable.Range(0, 8).Select(writer => Pieces.Bytes(20_000 + writer, writer)).ToList();

        var won = await Task.WhenAll(contents.Select(content => store.TryCreateAsync(Name, Pieces.Of(content, 5), Token).AsTask()));

        var winner = Assert.Single(Enumerable.Range(0, won.Length), writer => won[writer]);
        Assert.Equal(contents[winner], await ReadAllAsync(store, Name));
    }

    [Fact]
    public async Task Content_is_borrowed_for_the_call_alone()
    {
        var store = await NewStoreAsync();
        var content = Pieces.Bytes(5_000, seed: 3);
        var lent = content.ToArray();

        await store.TryCreateAsync(Name, Pieces.Of(lent), Token);
        lent.AsSpan().Fill(0xDB);

        Assert.Equal(content, await ReadAllAsync(store, Name));
    }

    [Fact]
    public async Task A_deleted_object_is_gone_and_may_be_deleted_again()
    {
        var store = await NewStoreAsync();
        await CreateAsync(store, Name, 10);
        await CreateAsync(store, Name + "2", 10);

        await store.DeleteAsync(Name, Token);
        await store.DeleteAsync(Name, Token);
        await store.DeleteAsync("p/00a/topic/0/never", Token);

        Assert.Equal(-1, await store.LengthAsync(Name, Token));
        Assert.Equal(-1, await store.ReadAsync(Name, 0, new byte[1], Token));
        Assert.Equal([Name + "2"], await ListAsync(store, ""));
    }

    [Fact]
    public async Task Listing_gives_the_names_with_the_prefix_in_ordinal_order()
    {
        var store = await NewStoreAsync();
        string[] names = ["p/b/2", "p/a/1", "q/a/1", "p/b/1", "p/b-1", "p/b.1", "p/bB", "p/b_1", "p/B/1", "p/b/10", "p/b"];
        foreach (var name in names) await CreateAsync(store, name, 1);

        foreach (var prefix in new[] { "", "p/", "p/b", "p/b/", "p/b/1", "q", "r", "P" })
        {
            Assert.Equal(names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal), await ListAsync(store, prefix));
        }
    }

    [Fact]
    public async Task A_list_of_many_names_is_whole()
    {
        var store = await NewStoreAsync();
        var names = Enumerable.Range(0, 25).Select(number => $"p/{number % 3}/{number:x16}").ToList();
        foreach (var name in names) await CreateAsync(store, name, 1);

        Assert.Equal(names.Order(StringComparer.Ordinal), await ListAsync(store, "p/"));
        Assert.Equal(names.Where(name => name.StartsWith("p/1/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), await ListAsync(store, "p/1/"));
    }

    [Fact]
    public async Task Ages_are_those_of_the_store_s_own_clock_where_it_keeps_any()
    {
        var store = await NewStoreAsync();
        await CreateAsync(store, "p/1", 1);
        await CreateAsync(store, "p/2", 1);

        var listed = new List<ListedObject>();
        await foreach (var line in store.ListWithAgesAsync("p/", Token)) listed.Add(line);

        Assert.Equal(["p/1", "p/2"], listed.Select(line => line.Name));
        Assert.All(listed, line => Assert.True(line.Age is null || (line.Age >= TimeSpan.Zero && line.Age < TimeSpan.FromHours(1)), $"{line}"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a+b")]
    [InlineData("a b")]
    [InlineData("a\\b")]
    [InlineData("a?b")]
    [InlineData("ä")]
    public async Task A_name_that_could_not_be_told_from_another_is_refused(string name)
    {
        var store = await NewStoreAsync();

        await Assert.ThrowsAsync<ArgumentException>(async () => await store.TryCreateAsync(name, Pieces.Of([1]), Token));
    }

    [Fact]
    public async Task A_call_that_was_cancelled_before_it_began_does_nothing()
    {
        var store = await NewStoreAsync();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.TryCreateAsync(Name, Pieces.Of([1]), cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await store.ReadAsync(Name, 0, new byte[1], cancelled));

        Assert.Empty(await ListAsync(store, ""));
    }

    protected static async Task<byte[]> CreateAsync(IObjectStore store, string name, int length)
    {
        var content = Pieces.Bytes(length, length);
        Assert.True(await store.TryCreateAsync(name, Pieces.Of(content), Token));
        return content;
    }

    protected static async Task<byte[]> ReadAllAsync(IObjectStore store, string name)
    {
        var bytes = new byte[await store.LengthAsync(name, Token)];
        Assert.Equal(bytes.Length, await store.ReadAsync(name, 0, bytes, Token));
        return bytes;
    }

    protected static async Task<List<string>> ListAsync(IObjectStore store, string prefix)
    {
        var names = new List<string>();
        await foreach (var name in store.ListAsync(prefix, Token)) names.Add(name);
        return names;
    }
}
