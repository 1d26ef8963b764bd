using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What is done for a move while the partition is still served, so that little is left for the time in which nobody serves it.</summary>
public sealed class PreparedReleaseTests : IAsyncDisposable
{
    private readonly TestCluster _cluster = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Between_the_last_record_here_and_the_first_one_there_storage_is_asked_for_one_write()
    {
        var (old, second) = await TwoBrokersAsync("a", "b");
        var prepared = 0;
        second.Owners.AfterPreparing = () =>
        {
            Assert.True(old.IsOwner);
            prepared = _cluster.Blobs.Calls.Count;
            return ValueTask.CompletedTask;
        };

        var before = _cluster.Blobs.Calls.Count;
        var handle = await second.OpenAsync();

        // Besides the claim: the manifest, read by either side, and the segment. What the owner knows of producers is read nowhere.
        Assert.Equal(3, prepared - before);
        var claim = Assert.Single(_cluster.Blobs.Calls.Skip(prepared));
        Assert.Equal((BlobCallKind.Put, 'm'), (claim.Kind, claim.Name[0]));
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // A segment for what came last, the claim, and what the segment says of its producers. However much was there before.
    [Fact]
    public async Task What_was_appended_behind_the_preparation_is_cut_alone()
    {
        var (old, second) = await TwoBrokersAsync("a", "b");
        var prepared = 0;
        second.Owners.AfterPreparing = async () =>
        {
            await TestBroker.AppendDurablyAsync(old, "c");
            prepared = _cluster.Blobs.Calls.Count;
        };

        var handle = await second.OpenAsync();

        var calls = _cluster.Blobs.Calls.Skip(prepared).ToList();
        Assert.Equal(2, calls.Count(static call => call.IsPut));
        Assert.InRange(calls.Count, 3, 4);
        Assert.Equal(["a", "b", "c"], await TestBroker.ReadAsync(handle));
        Assert.Equal(2, (await _cluster.ManifestAsync()).Extents.Length);
    }

    [Fact]
    public async Task What_was_prepared_twice_is_cut_once()
    {
        var first = await _cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var once = await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);
        var puts = _cluster.Blobs.Calls.Count(static call => call.IsPut);

        var again = await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);

        Assert.Equal((ReleaseVerdict.Prepared, ReleaseVerdict.Prepared), (once.Verdict, again.Verdict));
        Assert.Equal(once.Log!.Extents, again.Log!.Extents);
        Assert.Equal(puts, _cluster.Blobs.Calls.Count(static call => call.IsPut));
    }

    // The manifest that was prepared on does not stand any more: its extents would bring back what was deleted.
    [Fact]
    public async Task A_log_start_that_moves_behind_the_preparation_makes_the_release_read_and_cut_anew()
    {
        var (old, second) = await TwoBrokersAsync("a", "b", "c");
        second.Owners.AfterPreparing = async () =>
        {
            if (old.IsOwner) Assert.Equal(ErrorCode.None, await _cluster.Find(new BrokerId(1))!.Log.MoveLogStartAsync(old, new Offset(2), Token));
        };

        var handle = await second.OpenAsync();

        Assert.Equal(1, second.Owners.Asked);
        Assert.Equal(new Offset(2), handle.LogStart);
        Assert.Equal(["c"], await TestBroker.ReadAsync(handle));
        Assert.Equal((await _cluster.ManifestAsync()).Extents[0].LastOffset, new Offset(2));
    }

    [Fact]
    public async Task A_broker_that_serves_the_partition_no_more_prepares_nothing()
    {
        var first = await _cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token);

        Assert.Equal(ReleaseVerdict.Unprepared, (await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token)).Verdict);
        Assert.Equal(ReleaseVerdict.NotOwner, (await first.Log.PrepareAsync(TestCluster.Partition, new SessionId(first.Id, Guid.NewGuid()), Token)).Verdict);
    }

    // Whoever heard nothing would take the owner for silent, and not ask for the release that finds its way.
    [Fact]
    public async Task A_preparation_that_storage_fails_is_none_and_the_release_is_asked_for_all_the_same()
    {
        var (_, second) = await TwoBrokersAsync("a", "b");
        var faults = 1;
        _cluster.Find(new BrokerId(1))!.Container.Fault = (_, name) =>
            name.StartsWith("p/", StringComparison.Ordinal) && Interlocked.Decrement(ref faults) >= 0 ? new Storage.StorageException(name, "Write", "a test said so") : null;

        var handle = await second.OpenAsync();

        Assert.True(faults < 0);
        Assert.Equal((1, 1), (second.Owners.AskedToPrepare, second.Owners.Asked));
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // That one is not the owner any more would be taken for an answer to the other, who is, and is then fenced.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_request_that_hangs_answers_none_that_names_another_session(bool isPreparation)
    {
        var first = await _cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        Task<ReleaseAnswer> AskAsync(SessionId session) =>
            isPreparation ? first.Log.PrepareAsync(TestCluster.Partition, session, Token).AsTask() : first.Log.ReleaseAsync(TestCluster.Partition, session, Token).AsTask();

        first.Container.Freeze();
        var hanging = AskAsync(first.Session);
        while (first.Container.Waiting == 0) await Task.Yield();
        var other = await AskAsync(new SessionId(first.Id, Guid.NewGuid())).WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Equal(ReleaseVerdict.NotOwner, other.Verdict);
        Assert.False(hanging.IsCompleted);
        first.Container.Thaw();
        Assert.Equal(isPreparation ? ReleaseVerdict.Prepared : ReleaseVerdict.Released, (await hanging).Verdict);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public async Task An_idempotent_producer_meets_neither_loss_nor_double_whatever_it_sent_behind_the_preparation(int behind)
    {
        var (old, second) = await TwoBrokersAsync();
        for (var sequence = 0; sequence < 3; sequence++) await AppendAsync(old, sequence);
        second.Owners.AfterPreparing = async () =>
        {
            for (var sequence = 3; sequence < 3 + behind; sequence++) await AppendAsync(old, sequence);
        };

        var handle = await second.OpenAsync();
        var last = 2 + behind;
        var again = await TestBroker.AppendAsync(handle, Batch(last));
        var gap = await TestBroker.AppendAsync(handle, Batch(last + 2));
        var next = await TestBroker.AppendAsync(handle, Batch(last + 1));

        Assert.Equal((ErrorCode.None, last), (again.Error, (int)again.BaseOffset.Value));
        Assert.Equal(ErrorCode.OutOfOrderSequenceNumber, gap.Error);
        Assert.Equal((ErrorCode.None, last + 1), (next.Error, (int)next.BaseOffset.Value));
        Assert.Equal(Enumerable.Range(0, last + 2).Select(static sequence => $"{sequence}"), await TestBroker.ReadAsync(handle));
    }

    [Fact]
    public async Task Both_sides_of_a_move_say_when_each_step_was_done()
    {
        var lines = new List<MoveTimeline>();
        var first = await _cluster.StartAsync(1, setup => setup with { Moved = lines.Add });
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await _cluster.StartAsync(2, setup => setup with { Moved = lines.Add });

        await second.OpenAsync();

        Assert.Equal(["read", "closed", "drained", "cut"], lines[0].Steps.Select(static step => step.Step));
        Assert.Equal(["read", "prepared", "warmed", "released", "claimed", "served"], lines[1].Steps.Select(static step => step.Step));
    }

    // A partition that is opened again here, and one whose broker is gone.
    [Fact]
    public async Task A_claim_that_is_no_move_is_told_to_nobody()
    {
        var lines = new List<MoveTimeline>();
        var first = await _cluster.StartAsync(1, setup => setup with { Moved = lines.Add });
        var opened = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(opened, "a");
        first.Log.Handles.GiveUp(opened);
        await first.OpenAsync();
        first.Container.Freeze();
        first.IsDead = true;
        var second = await _cluster.StartAsync(2, setup => setup with { Moved = lines.Add });

        await second.OpenAsync();

        Assert.Empty(lines);
    }

    private async Task<(PartitionHandle Old, TestBroker Claimant)> TwoBrokersAsync(params string[] values)
    {
        var old = await (await _cluster.StartAsync(1)).OpenAsync();
        await TestBroker.AppendDurablyAsync(old, values);
        return (old, await _cluster.StartAsync(2));
    }

    private static async Task AppendAsync(PartitionHandle handle, int sequence) => Assert.Equal(ErrorCode.None, (await TestBroker.AppendAsync(handle, Batch(sequence))).Error);

    private static BatchBuilder Batch(int sequence) => BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}");
}
