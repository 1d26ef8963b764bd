using OrleansStream.Log.Blocks;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Tests.Blocks;

public sealed class BlockLeaseTests
{
    [Fact]
    public void The_memory_goes_back_with_the_last_lease_and_not_before()
    {
        using var pool = new SlabPool();
        var first = Read(pool);
        var second = first.Again(LeaseHolder.Response);
        first.Dispose();
        Assert.Equal(4096, pool.BytesOut);
        Assert.True(second.Block.TryLease(LeaseHolder.Splitter, out var third));
        second.Dispose();
        third.Dispose();
        Assert.Equal(0, pool.BytesOut);
        Assert.False(second.Block.TryLease(LeaseHolder.Response, out _));
    }

    [Fact]
    public void Leases_are_counted_for_each_holder()
    {
        using var pool = new SlabPool();
        var first = Read(pool);
        var second = first.Again(LeaseHolder.TailCache);
        var third = first.Again(LeaseHolder.TailCache);
        Assert.Equal((1, 2, 0), (pool.Leases.Count(LeaseHolder.ReadCache), pool.Leases.Count(LeaseHolder.TailCache), pool.Leases.Count(LeaseHolder.Lane)));
        Assert.Equal(3, pool.Leases.Total);
        foreach (var lease in (BlockLease[])[first, second, third]) lease.Dispose();
        Assert.Equal(0, pool.Leases.Total);
    }

    [Fact]
    public void A_second_return_is_an_error_though_others_still_hold_the_block()
    {
        LeaseLedger.IsTracking = true;
        using var pool = new SlabPool();
        var first = Read(pool);
        using var second = first.Again(LeaseHolder.Response);
        first.Dispose();
        Assert.Throws<InvalidOperationException>(first.Dispose);
    }

    [Fact]
    public void A_leak_is_reported_with_the_place_that_took_the_lease()
    {
        LeaseLedger.IsTracking = true;
        using var pool = new SlabPool();
        using var first = Read(pool);
        using var leaked = first.Again(LeaseHolder.Splitter);
        var open = Assert.Single(pool.Leases.Open, lease => lease.Holder == LeaseHolder.Splitter);
        Assert.EndsWith("BlockLeaseTests.cs", open.File, StringComparison.Ordinal);
        Assert.True(open.Line > 0);
    }

    [Fact]
    public void Returned_memory_is_dead_where_leases_are_tracked()
    {
        LeaseLedger.IsTracking = true;
        using var pool = new SlabPool();
        var slab = pool.Rent(4096);
        slab.GetSpan().Fill(1);
        Block.OfRead(pool, slab, 4096).Dispose();
        var again = pool.Rent(4096);
        Assert.Equal(-1, again.GetSpan().IndexOfAnyExcept(SlabPool.Dead));
        again.Return();
    }

    [Fact]
    public async Task Many_takers_and_givers_leave_no_lease_behind()
    {
        using var pool = new SlabPool();
        var first = Read(pool);
        var block = first.Block;
        var tasks = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 20_000; i++)
            {
                if (!block.TryLease(LeaseHolder.Response, out var lease)) return;
                Assert.Equal(4096, lease.Memory.Length);
                lease.Dispose();
            }
        }));
        await Task.WhenAll(tasks);
        first.Dispose();
        Assert.Equal(0, pool.Leases.Total);
        Assert.Equal(0, pool.BytesOut);
    }

    private static BlockLease Read(SlabPool pool) => Block.OfRead(pool, pool.Rent(4096), 4096, default, Slot.Zero);
}
