using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Reading;

/// <summary>Blocks as splitting reads them.</summary>
public sealed class BlobFramesTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A block and its directory are one request where one brings both, and none where both are at hand.
    [Theory]
    [InlineData(100, 2, "1 0 0 0")] // A small block.
    [InlineData(300_000, 2, "3 1 1 0")] // Its start, its directory and the frame that is wanted; then only frames.
    [InlineData(1_000_000, 3, "3 1 1 0")]
    public async Task A_pass_takes_as_many_operations_of_the_budget_as_it_sends_requests(int length, int framesOfEach, string expected)
    {
        await using var bench = new ReadingBench();
        var slot = bench.GrowBlocks();
        for (var partition = 0; partition < 3; partition++) bench.Append(partition, 0, framesOfEach, length / framesOfEach);
        bench.Seal();
        bench.Blobs.Calls.Clear();
        var budget = new WorkBudget(new WorkBudgetOptions(), new FakeTimeProvider());
        var blocks = new BudgetedBlocks(bench.Reader.Blocks, budget);

        // Nobody has partition 9: what is known of the block says so.
        var operations = new List<long>();
        foreach (var partition in (int[])[0, 1, 2, 9])
        {
            var (requests, taken) = (bench.Reads.Count(), budget.OperationsTaken);
            Assert.Equal(partition == 9 ? 0 : framesOfEach, await ReadAsync(bench, blocks, slot, partition));
            operations.Add(budget.OperationsTaken - taken);
            Assert.Equal(bench.Reads.Count() - requests, operations[^1]);
        }

        Assert.Equal(expected, string.Join(' ', operations));
    }

    [Fact]
    public async Task A_block_of_which_nothing_is_wanted_costs_what_it_takes_to_know_that()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0);
        bench.Seal();
        var budget = new WorkBudget(new WorkBudgetOptions(), new FakeTimeProvider());
        var blocks = new BudgetedBlocks(bench.Reader.Blocks, budget);

        for (var time = 0; time < 2; time++) Assert.Equal(0, await ReadAsync(bench, blocks, 0, partition: 1));

        Assert.Equal((1, 1), (bench.Reads.Count(), budget.OperationsTaken));
    }

    // It may have come about on the way, and is in the cache with all that is sound.
    [Fact]
    public async Task What_did_not_verify_is_read_from_storage_by_whoever_tries_again()
    {
        await using var bench = new ReadingBench();
        bench.Append(0, 0, 2);
        bench.Seal();
        await bench.FlipAsync(Slot.Zero, 96 + 50);
        await Assert.ThrowsAsync<CorruptBlockException>(() => ReadAsync(bench, bench.Reader.Blocks, 0, partition: 0));
        await bench.FlipAsync(Slot.Zero, 96 + 50);

        Assert.Equal(2, await ReadAsync(bench, bench.Reader.Blocks, 0, partition: 0));
    }

    private static async Task<int> ReadAsync(ReadingBench bench, IBlockFrames blocks, long slot, int partition)
    {
        using var frames = new FrameList();
        var wanted = LaneCalls.Partition(partition);
        await blocks.ReadAsync(bench.Lane.Session, new Slot(slot), (in FrameEntry frame) => frame.Partition == wanted, frames, Token);
        return ReadingBench.Offsets(frames).Count;
    }
}
