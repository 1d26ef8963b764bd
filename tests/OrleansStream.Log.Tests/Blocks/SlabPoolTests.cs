using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using OrleansStream.Log.Blocks;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Blocks;

public sealed class SlabPoolTests
{
    [Theory, InlineData(0, 4096), InlineData(1, 4096), InlineData(4096, 4096), InlineData(4097, 8192), InlineData(8192, 8192), InlineData(8193, 16384), InlineData((16 << 20) - 1, 16 << 20), InlineData(16 << 20, 16 << 20)]
    public void A_slab_is_the_next_power_of_two_from_4_KiB_to_16_MiB(int asked, int given)
    {
        using var pool = new SlabPool();
        var slab = pool.Rent(asked);
        Assert.Equal(given, slab.Length);
        Assert.Equal(given, SlabPool.SlabBytesFor(asked));
        Assert.Equal(given, pool.BytesOut);
        slab.Return();
        Assert.Equal(0, pool.BytesOut);
    }

    [Theory, InlineData(-1), InlineData((16 << 20) + 1)]
    public void More_than_the_largest_slab_is_refused(int asked)
    {
        using var pool = new SlabPool();
        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(asked));
    }

    [Fact]
    public unsafe void Slabs_start_where_direct_IO_wants_them()
    {
        using var pool = new SlabPool();
        for (var bytes = 1; bytes <= 1 << 20; bytes *= 3)
        {
            var slab = pool.Rent(bytes);
            Assert.Equal(0, (nint)Unsafe.AsPointer(ref MemoryMarshal.GetReference(slab.GetSpan())) % SlabPool.Alignment);
            slab.Return();
        }
    }

    [Fact]
    public void What_comes_back_is_lent_again_and_no_more_is_kept_than_the_bound()
    {
        using var pool = new SlabPool(maxKeptBytes: 12 << 10);
        var slabs = Enumerable.Range(0, 5).Select(_ => pool.Rent(4096)).ToList();
        foreach (var slab in slabs) slab.Return();
        Assert.Equal(12 << 10, pool.BytesKept);
        Assert.Contains(pool.Rent(4096), slabs);
        Assert.Equal(8 << 10, pool.BytesKept);
        Assert.Equal(4 << 10, pool.BytesOut);
    }

    [Fact]
    public void At_the_bound_the_size_that_was_asked_for_longest_ago_goes_first()
    {
        using var pool = new SlabPool(maxKeptBytes: 16 << 10);
        var small = Enumerable.Range(0, 2).Select(_ => pool.Rent(4096)).ToList();
        var middle = pool.Rent(8192);
        var large = pool.Rent(16384);
        middle.Return();
        foreach (var slab in small) slab.Return();
        Assert.Equal(16 << 10, pool.BytesKept);

        large.Return();
        Assert.Equal(16 << 10, pool.BytesKept);
        Assert.Same(large, pool.Rent(16384));
        Assert.Equal(0, pool.BytesKept);
    }

    [Fact]
    public void A_slab_of_the_size_that_was_asked_for_longest_ago_is_not_kept_in_the_place_of_another()
    {
        using var pool = new SlabPool(maxKeptBytes: 8 << 10);
        var old = pool.Rent(4096);
        var young = pool.Rent(8192);
        young.Return();
        old.Return();
        Assert.Same(young, pool.Rent(8192));
        Assert.Equal(0, pool.BytesKept);
    }

    [Fact]
    public void A_slab_that_is_given_back_twice_is_an_error()
    {
        using var pool = new SlabPool();
        var slab = pool.Rent(1);
        slab.Return();
        Assert.Throws<InvalidOperationException>(slab.Return);
        Assert.Equal(4096, pool.BytesKept);
    }

    [Fact]
    public void An_abandoned_pool_frees_what_is_out_and_takes_nothing_of_it_back()
    {
        var pool = new KillableSlabs();
        var (returned, lost) = (pool.Rent(4096), pool.Rent(8192));
        returned.Return();
        pool.Abandon();
        Assert.True(lost.GetSpan() is { Length: 8192 } span && Unsafe.IsNullRef(ref MemoryMarshal.GetReference(span)), "Its memory is still there.");

        lost.Return();
        Assert.Equal((8192, 0), (pool.BytesOut, pool.BytesKept));
    }
}
