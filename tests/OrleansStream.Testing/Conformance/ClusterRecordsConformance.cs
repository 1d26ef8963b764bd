using OrleansStream.Log.Brokers;
using Xunit;

namespace OrleansStream.Testing.Conformance;

/// <summary>What all <see cref="IClusterRecords"/> do. Each one's tests derive from it and run all of it.</summary>
public abstract class ClusterRecordsConformance
{
    /// <summary>Records that nobody else uses, with nothing in them.</summary>
    protected abstract ValueTask<IClusterRecords> NewRecordsAsync();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static ClusterRecord Record(int number) => new($"cluster{number:000000000000000}", number, long.MaxValue - number, 1, 50);

    [Fact]
    public async Task There_is_none_before_one_is_created()
    {
        var records = await NewRecordsAsync();

        Assert.Null(await records.FindAsync(Token));
    }

    [Fact]
    public async Task The_first_one_stands_whatever_is_proposed_later()
    {
        var records = await NewRecordsAsync();

        Assert.Equal(Record(3), await records.GetOrCreateAsync(Record(3), Token));
        Assert.Equal(Record(3), await records.GetOrCreateAsync(Record(4), Token));
        Assert.Equal(Record(3), await records.FindAsync(Token));
    }

    [Fact]
    public async Task Brokers_that_race_get_the_same()
    {
        var records = await NewRecordsAsync();

        var got = await Task.WhenAll(Enumerable.Range(0, 8).Select(broker => records.GetOrCreateAsync(Record(broker), Token).AsTask()));

        Assert.Equal(await records.FindAsync(Token), Assert.Single(got.Distinct()));
    }

    [Fact]
    public async Task A_create_that_was_cancelled_before_it_began_does_nothing()
    {
        var records = await NewRecordsAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await records.GetOrCreateAsync(Record(1), new CancellationToken(canceled: true)));

        Assert.Null(await records.FindAsync(Token));
    }
}
