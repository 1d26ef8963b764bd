using OrleansStream.Log.Storage;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>
/// What every <see cref="IBlobContainer"/> does as long as no answer is lost. The simulator's and the real one run all of it, so that what is proved over the
/// one holds for the other.
/// </summary>
public abstract class BlobContainerConformance
{
    private const string Name = "w/00a/1-session/0000000000000001";

    private static readonly Guid Nonce = new("0a0b0c0d-0102-0304-0506-0708090a0b0c");

    /// <summary>A container that nobody else uses, with nothing in it.</summary>
    protected abstract ValueTask<IBlobContainer> NewContainerAsync();

    protected static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_blob_that_was_put_is_found_read_and_got()
    {
        var container = await NewContainerAsync();
        var content = Pieces.Bytes(10_000, seed: 1);

        var put = await container.PutAsync(Name, Pieces.Of(content, 3), expected: null, Nonce, Token);

        Assert.Equal(new BlobPut(BlobOutcome.Written, put.ETag), put);
        Assert.Equal(new BlobFacts(content.Length, put.ETag, Nonce), await container.FindAsync(Name, Token));
        var got = await container.GetAsync(Name, content.Length, Token);
        Assert.Equal(put.ETag, got!.ETag);
        Assert.Equal(content, got.Bytes);
    }

    [Theory]
    [InlineData(0, 10, 10)]
    [InlineData(5, 10, 5)]
    [InlineData(9, 1, 1)]
    [InlineData(10, 1, 0)]
    [InlineData(11, 1, 0)]
    [InlineData(0, 0, 0)]
    public async Task A_range_ends_with_the_blob(long position, int length, int expected)
    {
        var container = await NewContainerAsync();
        var content = Pieces.Bytes(10, seed: 2);
        await container.PutAsync(Name, Pieces.Of(content), expected: null, Guid.Empty, Token);
        var destination = new byte[length];

        Assert.Equal(expected, await container.ReadAsync(Name, position, destination, Token));
        Assert.Equal(content.AsSpan((int)Math.Min(position, 10), expected), destination.AsSpan(0, expected));
    }

    [Fact]
    public async Task What_is_not_there_is_neither_found_nor_read()
    {
        var container = await NewContainerAsync();

        Assert.Null(await container.FindAsync(Name, Token));
        Assert.Null(await container.GetAsync(Name, 10, Token));
        Assert.Equal(-1, await container.ReadAsync(Name, 0, new byte[1], Token));
        Assert.Equal(-1, await container.ReadAsync(Name, 0, Memory<byte>.Empty, Token));
        await container.DeleteAsync(Name, Token);
    }

    [Fact]
    public async Task A_blob_without_a_nonce_has_the_empty_one()
    {
        var container = await NewContainerAsync();
        await container.PutAsync(Name, Pieces.Of([]), expected: null, Guid.Empty, Token);

        var found = await container.FindAsync(Name, Token);
        Assert.Equal((0, Guid.Empty), (found!.Length, found.Nonce));
        Assert.Empty((await container.GetAsync(Name, 0, Token))!.Bytes);
    }

    [Fact]
    public async Task A_larger_blob_than_asked_for_is_not_got()
    {
        var container = await NewContainerAsync();
        await container.PutAsync(Name, Pieces.Of(new byte[11]), expected: null, Guid.Empty, Token);

        var refused = await Assert.ThrowsAsync<StorageException>(async () => await container.GetAsync(Name, 10, Token));
        Assert.Equal((Name, false), (refused.Name, refused.IsTransient));
        Assert.Contains("11", refused.Message, StringComparison.Ordinal);
        Assert.Equal(11, (await container.GetAsync(Name, 11, Token))!.Bytes.Length);
    }

    [Fact]
    public async Task A_name_is_created_once()
    {
        var container = await NewContainerAsync();
        var first = await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, Token);

        var second = await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, Token);

        Assert.Equal(BlobOutcome.Conflict, second.Outcome);
        Assert.NotNull(second.Detail);
        Assert.Equal(first.ETag, (await container.FindAsync(Name, Token))!.ETag);
    }

    [Fact]
    public async Task Only_the_version_that_stands_is_replaced()
    {
        var container = await NewContainerAsync();
        var first = await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, Token);
        var second = await container.PutAsync(Name, Pieces.Of([2, 2]), first.ETag, Guid.Empty, Token);

        var late = await container.PutAsync(Name, Pieces.Of([3]), first.ETag, Nonce, Token);
        var absent = await container.PutAsync(Name + "0", Pieces.Of([3]), first.ETag, Nonce, Token);

        Assert.Equal(BlobOutcome.Written, second.Outcome);
        Assert.NotEqual(first.ETag, second.ETag);
        Assert.Equal(BlobOutcome.Conflict, late.Outcome);
        Assert.Equal(BlobOutcome.Conflict, absent.Outcome);
        Assert.Equal(new BlobFacts(2, second.ETag, Guid.Empty), await container.FindAsync(Name, Token)); // The nonce goes with its put.
        Assert.Null(await container.FindAsync(Name + "0", Token));
    }

    [Fact]
    public async Task A_name_that_was_deleted_may_be_created_but_not_replaced()
    {
        var container = await NewContainerAsync();
        var first = await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, Token);
        await container.DeleteAsync(Name, Token);

        Assert.Equal(BlobOutcome.Conflict, (await container.PutAsync(Name, Pieces.Of([2]), first.ETag, Nonce, Token)).Outcome);
        var again = await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, Token);

        Assert.Equal(BlobOutcome.Written, again.Outcome);
        Assert.NotEqual(first.ETag, again.ETag);
    }

    [Fact]
    public async Task Of_many_puts_at_once_one_stands_as_a_whole()
    {
        var container = await NewContainerAsync();
        var contents = Enumerable.Range(0, 8).Select(writer => Pieces.Bytes(30_000 + writer, writer)).ToList();

        var puts = await Task.WhenAll(contents.Select(content => container.PutAsync(Name, Pieces.Of(content, 4), expected: null, Guid.Empty, Token).AsTask()));

        var winner = Assert.Single(Enumerable.Range(0, puts.Length), writer => puts[writer].Outcome == BlobOutcome.Written);
        var got = await container.GetAsync(Name, 100_000, Token);
        Assert.Equal(puts[winner].ETag, got!.ETag);
        Assert.Equal(contents[winner], got.Bytes);
        Assert.All(puts.Where((_, writer) => writer != winner), put => Assert.Equal(BlobOutcome.Conflict, put.Outcome));
    }

    [Fact]
    public async Task Content_is_borrowed_for_the_call_alone()
    {
        var container = await NewContainerAsync();
        var lent = new byte[] { 1, 2, 3 };

        await container.PutAsync(Name, Pieces.Of(lent), expected: null, Guid.Empty, Token);
        lent.AsSpan().Fill(0xDB);

        Assert.Equal([1, 2, 3], (await container.GetAsync(Name, 3, Token))!.Bytes);
    }

    [Fact]
    public async Task A_list_has_lengths_and_ages_in_the_order_of_the_names()
    {
        var container = await NewContainerAsync();
        var names = Enumerable.Range(0, 25).Select(number => $"w/00a/{number:x16}").ToList();
        foreach (var name in names.AsEnumerable().Reverse()) await container.PutAsync(name, Pieces.Of(new byte[names.IndexOf(name)]), expected: null, Guid.Empty, Token);
        await container.PutAsync("w/00b/0", Pieces.Of([1]), expected: null, Guid.Empty, Token);
        await container.DeleteAsync(names[3], Token);

        var listed = new List<ListedBlob>();
        await foreach (var line in container.ListAsync("w/00a/", Token)) listed.Add(line);

        Assert.Equal(names.Where((_, number) => number != 3), listed.Select(line => line.Name));
        Assert.All(listed, line => Assert.Equal(names.IndexOf(line.Name), line.Length));
        Assert.All(listed, line => Assert.InRange(line.Age, TimeSpan.Zero, TimeSpan.FromHours(1)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/")]
    [InlineData("/a")]
    [InlineData("a//b")]
    [InlineData("a/./b")]
    [InlineData("a/../b")]
    [InlineData("a.")]
    [InlineData("a b")]
    [InlineData("a?b")]
    [InlineData("a%2Fb")]
    public async Task A_name_that_could_be_taken_for_another_is_refused(string name)
    {
        var container = await NewContainerAsync();

        await Assert.ThrowsAsync<ArgumentException>(async () => await container.PutAsync(name, Pieces.Of([1]), expected: null, Nonce, Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await container.FindAsync(name, Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await container.GetAsync(name, 1, Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await container.ReadAsync(name, 0, new byte[1], Token));
        await Assert.ThrowsAsync<ArgumentException>(async () => await container.DeleteAsync(name, Token));
    }

    [Fact]
    public async Task The_longest_name_is_taken_and_a_longer_one_refused()
    {
        var container = await NewContainerAsync();
        var longest = new string('a', 200);

        Assert.Equal(BlobOutcome.Written, (await container.PutAsync(longest, Pieces.Of([1]), expected: null, Nonce, Token)).Outcome);
        await Assert.ThrowsAsync<ArgumentException>(async () => await container.PutAsync(longest + "a", Pieces.Of([1]), expected: null, Nonce, Token));
    }

    [Fact]
    public async Task Nothing_is_done_for_whoever_cancelled_before()
    {
        var container = await NewContainerAsync();
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await container.PutAsync(Name, Pieces.Of([1]), expected: null, Nonce, cancelled));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await container.FindAsync(Name, cancelled));

        Assert.Null(await container.FindAsync(Name, Token));
    }
}
