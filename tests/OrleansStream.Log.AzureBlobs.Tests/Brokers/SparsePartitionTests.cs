using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What it costs to read a partition that has a frame in few of a dead session's blocks.</summary>
public sealed class SparsePartitionTests
{
    private static readonly PartitionId Sparse = TestCluster.PartitionOf(900);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Every tenth block has a record of it; then only the first few of a stretch, as of somebody who writes now and then.
    [Theory]
    [InlineData(500, 9)]
    [InlineData(100, 49)]
    public async Task A_fetch_of_the_last_record_of_a_dead_session_asks_for_few_blocks(int records, int others)
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handles = await OpenAsync(first, others);
        for (var record = 0; record < records; record++) await AppendAsync(handles);

        var (second, opened) = await TakeOverAsync(cluster, first);
        Assert.Equal(1, await FetchAsync(second, opened, opened.HighWatermark + -1));
        Assert.True(second.Log.Reader.Counts.Requests(ReadPriority.Hot) <= 4, $"{second.Log.Reader.Counts.Requests(ReadPriority.Hot)} requests.");
    }

    // A walk over all slots between the first and the last record would ask for 2,048 blocks.
    [Theory]
    [InlineData(10)]
    [InlineData(19)]
    [InlineData(20)]
    [InlineData(29)]
    public async Task A_fetch_asks_for_no_more_blocks_than_a_digest_has_however_unevenly_records_are_spread(int offset)
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handles = await OpenAsync(first, 1);
        for (var burst = 0; burst < 3; burst++)
        {
            for (var record = 0; record < 10; record++) await TestBroker.AppendDurablyAsync(handles[0], "x");
            for (var other = 0; other < 1_024 && burst < 2; other++) await TestBroker.AppendDurablyAsync(handles[1], "x");
        }

        var (second, opened) = await TakeOverAsync(cluster, first);
        Assert.True(await FetchAsync(second, opened, new Offset(offset)) > 0);
        Assert.True(second.Log.Reader.Counts.Requests(ReadPriority.Hot) <= 256, $"{second.Log.Reader.Counts.Requests(ReadPriority.Hot)} requests.");
    }

    [Fact]
    public async Task Extents_of_a_dead_session_span_no_more_slots_than_a_digest_has()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handles = await OpenAsync(first, 9);
        for (var record = 0; record < 200; record++) await AppendAsync(handles);

        var (_, opened) = await TakeOverAsync(cluster, first);
        var extents = opened.Manifest.Extents.Cast<WalExtent>().ToList();
        Assert.All(extents, static extent => Assert.True(extent.LastSlot.Value - extent.FirstSlot.Value < 256, $"{extent}"));
        Assert.InRange(extents.Count, 8, 9);
    }

    // Nobody has produced to it, so there is nothing to find; and while an open reads, nobody is answered.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_claim_of_a_journal_reads_none_of_its_frames(bool isDead)
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var settings = new PartitionSettings { IsJournal = true };
        var opened = await first.OpenAsync(Sparse, settings);
        var journal = new JournalPartition(opened, first.Log.Journals);
        Assert.Equal(ErrorCode.None, await journal.LoadAsync(new Changes(), Token));
        for (var change = 0; change < 20; change++) Assert.Equal(ErrorCode.None, (await journal.AppendAsync([new byte[250]])).Error);

        // From its dead owner first, so that the one who lives has something to hand over that no segment holds.
        first.IsDead = true;
        var second = await cluster.StartAsync(2);
        await second.OpenAsync(Sparse, settings);
        second.IsDead = isDead;
        var third = await cluster.StartAsync(3);
        var moved = await third.OpenAsync(Sparse, settings);
        Assert.Equal(0, second.Log.Reader.Counts.Requests(ReadPriority.Open));
        Assert.Equal(0, third.Log.Reader.Counts.Requests(ReadPriority.Open));

        var state = new Changes();
        Assert.Equal(ErrorCode.None, await new JournalPartition(moved, third.Log.Journals).LoadAsync(state, Token));
        Assert.Equal(20, state.Count);
    }

    private static async Task<List<PartitionHandle>> OpenAsync(TestBroker broker, int others)
    {
        var handles = new List<PartitionHandle> { await broker.OpenAsync(Sparse) };
        for (var index = 0; index < others; index++) handles.Add(await broker.OpenAsync(TestCluster.PartitionOf(index)));
        return handles;
    }

    private static async Task AppendAsync(List<PartitionHandle> handles)
    {
        foreach (var handle in handles) await TestBroker.AppendDurablyAsync(handle, "x");
    }

    private static async Task<(TestBroker Broker, PartitionHandle Handle)> TakeOverAsync(TestCluster cluster, TestBroker dead)
    {
        dead.IsDead = true;
        var broker = await cluster.StartAsync(2);
        return (broker, await broker.OpenAsync(Sparse));
    }

    private static async Task<int> FetchAsync(TestBroker broker, PartitionHandle handle, Offset from)
    {
        using var frames = new FrameList();
        var outcome = await handle.ReadAsync(new ReadRequest(from, Limits.MiB, AtLeastOne: true, Committed: false), frames, Token);
        Assert.Equal(ErrorCode.None, outcome.Error);
        Assert.Equal(from, frames[0].Entry.BaseOffset);
        return frames.Count;
    }

    private sealed class Changes : IJournalState
    {
        public int Count { get; private set; }

        public void Restore(ReadOnlySpan<byte> snapshot)
        {
        }

        public void Apply(Offset offset, ReadOnlySpan<byte> change) => Count++;
    }
}
