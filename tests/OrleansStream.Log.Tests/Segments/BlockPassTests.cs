using System.Collections.Immutable;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Storage;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Tests.Segments;

/// <summary>One pass over blocks for all plans that have frames there. However it ends, no lease and no slab is left.</summary>
public sealed class BlockPassTests : IDisposable
{
    private static readonly SessionId Own = new(new BrokerId(1), new Guid("00000000-0000-0000-0000-000000000001"));
    private static readonly SessionId Dead = new(new BrokerId(2), new Guid("00000000-0000-0000-0000-000000000002"));

    private readonly SlabPool _slabs = new();
    private readonly BlocksInMemory _blocks;
    private readonly List<(int Partition, long Offset)> _taken = [];

    public BlockPassTests() => _blocks = new BlocksInMemory(_slabs);

    public void Dispose()
    {
        Assert.Empty(_slabs.Leases.Open);
        Assert.Equal((0, 0L), (_slabs.Leases.Total, _slabs.BytesOut));
        _slabs.Dispose();
    }

    [Fact]
    public async Task Each_block_is_read_once_for_all_plans_those_of_dead_sessions_first()
    {
        _blocks.Put(Own, 4, 0, 10, 11);
        _blocks.Put(Own, 5, 0, 12);
        _blocks.Put(Own, 5, 1, 7);
        _blocks.Put(Own, 6, 1, 8);
        _blocks.Put(Dead, 2, 0, 8, 9);
        var pass = Pass((0, [Wal(Dead, 2, 2, 8, 9), Wal(Own, 4, 5, 10, 12)]), (1, [Wal(Own, 5, 6, 7, 8)]));

        await RunAsync(pass);

        Assert.Equal([(Dead, 2), (Own, 4), (Own, 5), (Own, 6)], _blocks.Reads);
        Assert.Equal([(0, 8), (0, 9), (0, 10), (0, 11), (0, 12), (1, 7), (1, 8)], _taken);
        Assert.Empty(pass.Irregular);
    }

    // What stands in a block may be of a neighbour, of an earlier time of the partition, or beyond what is to be cut.
    [Fact]
    public async Task What_no_plan_names_is_not_handed_on()
    {
        _blocks.Put(Own, 0, 0, 2, 3, 4, 5);
        _blocks.Put(Own, 0, 9, 1);
        var pass = Pass((0, [Wal(Own, 0, 0, 3, 4)]));

        await RunAsync(pass);

        Assert.Equal([(0, 3), (0, 4)], _taken);
        Assert.Empty(pass.Irregular);
    }

    // The second was carried; the third stands there twice.
    [Fact]
    public async Task A_plan_whose_frames_do_not_come_in_order_is_left_to_its_extents_and_the_others_go_on()
    {
        _blocks.Put(Own, 0, 0, 1);
        _blocks.Put(Own, 0, 1, 0);
        _blocks.Put(Own, 0, 2, 0, 1);
        _blocks.Put(Own, 1, 0, 0, 2);
        _blocks.Put(Own, 1, 1, 1);
        _blocks.Put(Own, 1, 2, 1, 2);
        var pass = Pass((0, [Wal(Own, 0, 1, 0, 2)]), (1, [Wal(Own, 0, 1, 0, 1)]), (2, [Wal(Own, 0, 1, 0, 2)]));

        await RunAsync(pass);

        Assert.Equal([0, 2], Irregular(pass));
        Assert.Equal([(1, 0), (2, 0), (2, 1), (1, 1)], _taken);
    }

    [Fact]
    public async Task A_plan_of_which_a_frame_did_not_come_is_left_to_its_extents()
    {
        _blocks.Put(Own, 0, 0, 0, 1);
        _blocks.Put(Own, 1, 1, 0);
        var pass = Pass((0, [Wal(Own, 0, 1, 0, 2)]), (1, [Wal(Own, 1, 1, 0, 0)]));

        await RunAsync(pass);

        Assert.Equal([0], Irregular(pass));
    }

    [Fact]
    public async Task A_block_that_is_not_there_leaves_the_plans_over_it_to_their_extents_and_is_asked_for_once()
    {
        _blocks.Put(Own, 0, 0, 0);
        _blocks.Put(Own, 2, 0, 2);
        _blocks.Put(Own, 2, 1, 0);
        var pass = Pass((0, [Wal(Own, 0, 2, 0, 2)]), (1, [Wal(Own, 2, 2, 0, 0)]));

        await RunAsync(pass);

        Assert.Equal([(Own, 0), (Own, 1), (Own, 2)], _blocks.Reads);
        Assert.Equal([0], Irregular(pass));
        Assert.Equal([(0, 0), (1, 0)], _taken);
    }

    [Theory, InlineData(1, new int[0]), InlineData(2, new[] { 0, 1 })]
    public async Task A_block_that_could_not_be_read_is_tried_once_more_before_the_plans_over_it_are_left_to_their_extents(int failures, int[] irregular)
    {
        for (var slot = 0; slot < 3; slot++) _blocks.Put(Own, slot, 0, slot);
        _blocks.Put(Own, 1, 1, 0);
        _blocks.Put(Own, 2, 2, 0);
        var failed = 0;
        _blocks.Then = (_, slot, _) => slot == 1 && failed++ < failures ? throw new StorageException("w/1", "Read", "a test said so") : Task.CompletedTask;
        var pass = Pass((0, [Wal(Own, 0, 2, 0, 2)]), (1, [Wal(Own, 1, 1, 0, 0)]), (2, [Wal(Own, 2, 2, 0, 0)]));

        await RunAsync(pass);

        Assert.Equal(2, _blocks.Reads.Count(static read => read.Slot == 1));
        Assert.Equal(irregular, Irregular(pass));
        Assert.Equal(failures == 1 ? 5 : 2, _taken.Count);
    }

    [Fact]
    public async Task What_failed_is_not_tried_again_for_whoever_gave_up()
    {
        _blocks.Put(Own, 0, 0, 0);
        using var ends = new CancellationTokenSource();
        _blocks.Then = async (_, _, _) =>
        {
            await ends.CancelAsync();
            throw new StorageException("w/0", "Read", "a test said so");
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(Pass((0, [Wal(Own, 0, 0, 0, 0)])), ends.Token));

        Assert.Single(_blocks.Reads);
    }

    // The one whose turn it is has failed with the pass, and the next one waits, with its frames.
    [Fact]
    public async Task A_pass_that_is_given_up_midway_waits_for_what_it_asked_for_and_gives_all_of_it_back()
    {
        for (var slot = 0; slot < 4; slot++) _blocks.Put(Own, slot, 0, slot);
        using var ends = new CancellationTokenSource();
        var last = new TaskCompletionSource();
        _blocks.Then = (_, slot, cancellationToken) => slot switch
        {
            0 => Task.CompletedTask,
            1 => Task.Delay(Timeout.Infinite, cancellationToken),
            _ => last.Task,
        };
        var running = RunAsync(Pass((0, [Wal(Own, 0, 3, 0, 3)])), ends.Token);
        Assert.Equal([0L, 1, 2], _blocks.Reads.Select(static read => read.Slot));

        await ends.CancelAsync();
        Assert.False(running.IsCompleted);
        last.SetResult();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal([(0, 0)], _taken);
        Assert.Equal(3, _blocks.Reads.Count);
    }

    [Fact]
    public async Task Whoever_takes_a_frame_and_fails_ends_the_pass_and_nothing_of_it_is_left()
    {
        for (var slot = 0; slot < 3; slot++) _blocks.Put(Own, slot, 0, slot, slot + 10);
        var pass = Pass((0, [Wal(Own, 0, 2, 0, 2)]));

        await Assert.ThrowsAsync<InvalidOperationException>(() => pass.RunAsync(_blocks, static (_, _) => throw new InvalidOperationException(), TestContext.Current.CancellationToken).AsTask());

        Assert.Equal(2, _blocks.Reads.Count);
    }

    [Fact]
    public async Task A_plan_that_is_over_gets_no_more_and_is_nobody_s_to_read_again()
    {
        for (var slot = 0; slot < 4; slot++)
        {
            _blocks.Put(Own, slot, 0, slot);
            _blocks.Put(Own, slot, 1, slot);
        }

        var pass = Pass((0, [Wal(Own, 0, 3, 0, 3)]), (1, [Wal(Own, 0, 3, 0, 3)]));

        await pass.RunAsync(_blocks, (plan, frame) => ValueTask.FromResult(!Take(plan, frame).Equals((0, 1L))), TestContext.Current.CancellationToken);

        Assert.Equal([0L, 1], _taken.Where(static one => one.Partition == 0).Select(static one => one.Offset));
        Assert.Equal([0L, 1, 2, 3], _taken.Where(static one => one.Partition == 1).Select(static one => one.Offset));
        Assert.Empty(pass.Irregular);
    }

    private static WalExtent Wal(SessionId session, long firstSlot, long lastSlot, long first, long last) =>
        new(session, new Slot(firstSlot), new Slot(lastSlot), new Offset(first), new Offset(last), 100 * (last - first + 1), -1);

    private static BlockPass Pass(params (int Partition, WalExtent[] Sources)[] plans) => new(
        plans.Select(static one => (new SplitPlan
        {
            Partition = LaneCalls.Partition(one.Partition),
            Epoch = default,
            Sources = [.. one.Sources],
            From = one.Sources[0].BaseOffset,
            LogStart = Offset.Zero,
        }, one.Sources.ToImmutableArray())),
        Own);

    private static IEnumerable<int> Irregular(BlockPass pass) => pass.Irregular.Select(static plan => plan.Partition.Index).Order();

    private Task RunAsync(BlockPass pass, CancellationToken? cancellationToken = null) => pass.RunAsync(_blocks, (plan, frame) =>
    {
        Take(plan, frame);
        return ValueTask.FromResult(true);
    }, cancellationToken ?? TestContext.Current.CancellationToken).AsTask();

    private (int, long) Take(SplitPlan plan, LeasedFrame frame)
    {
        Assert.Equal(plan.Partition, frame.Entry.Partition);
        Assert.Equal(100, frame.Bytes.Length);
        _taken.Add((plan.Partition.Index, frame.Entry.BaseOffset.Value));
        return _taken[^1];
    }
}
