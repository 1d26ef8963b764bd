using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>What is done for a move while the partition is still served, so that little is left for the time in which nobody serves it.</summary>
public sealed class PreparedReleaseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Between_the_last_record_here_and_the_first_one_there_storage_is_asked_for_one_write()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        var prepared = 0;
        move.Second.Owners.AfterPreparing = () =>
        {
            Assert.True(move.Old.IsOwner);
            prepared = move.Cluster.Blobs.Calls.Count;
            return ValueTask.CompletedTask;
        };

        var before = move.Cluster.Blobs.Calls.Count;
        var handle = await move.Second.OpenAsync();

        // Besides the claim: the manifest, read by either side, and the segment. What the owner knows of producers is read nowhere.
        Assert.Equal(3, prepared - before);
        var claim = Assert.Single(move.Cluster.Blobs.Calls.Skip(prepared));
        Assert.Equal((BlobCallKind.Put, 'm'), (claim.Kind, claim.Name[0]));
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // A segment for what came last, the claim, and what the segment says of its producers. However much was there before.
    [Fact]
    public async Task What_was_appended_behind_the_preparation_is_cut_alone()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        var prepared = 0;
        move.Second.Owners.AfterPreparing = async () =>
        {
            await TestBroker.AppendDurablyAsync(move.Old, "c");
            prepared = move.Cluster.Blobs.Calls.Count;
        };

        var handle = await move.Second.OpenAsync();

        var calls = move.Cluster.Blobs.Calls.Skip(prepared).ToList();
        Assert.Equal(2, calls.Count(static call => call.IsPut));
        Assert.InRange(calls.Count, 3, 4);
        Assert.Equal(["a", "b", "c"], await TestBroker.ReadAsync(handle));
        Assert.Equal(2, (await move.Cluster.ManifestAsync()).Extents.Length);
    }

    [Fact]
    public async Task What_was_prepared_twice_is_cut_once()
    {
        await using var move = await PlannedMove.OfAsync("a");
        var first = move.First;
        var once = await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);
        var puts = move.Cluster.Blobs.Calls.Count(static call => call.IsPut);

        var again = await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token);

        Assert.Equal((ReleaseVerdict.Prepared, ReleaseVerdict.Prepared), (once.Verdict, again.Verdict));
        Assert.Equal(once.Log!.Extents, again.Log!.Extents);
        Assert.Equal(puts, move.Cluster.Blobs.Calls.Count(static call => call.IsPut));
    }

    // The manifest that was prepared on does not stand any more: its extents would bring back what was deleted.
    [Fact]
    public async Task A_log_start_that_moves_behind_the_preparation_makes_the_release_read_and_cut_anew()
    {
        await using var move = await PlannedMove.OfAsync("a", "b", "c");
        move.Second.Owners.AfterPreparing = async () =>
        {
            if (move.Old.IsOwner) Assert.Equal(ErrorCode.None, await move.First.Log.MoveLogStartAsync(move.Old, new Offset(2), Token));
        };

        var handle = await move.Second.OpenAsync();

        Assert.Equal(1, move.Second.Owners.Asked);
        Assert.Equal(new Offset(2), handle.LogStart);
        Assert.Equal(["c"], await TestBroker.ReadAsync(handle));
        Assert.Equal((await move.Cluster.ManifestAsync()).Extents[0].LastOffset, new Offset(2));
    }

    [Fact]
    public async Task A_broker_that_serves_the_partition_no_more_prepares_nothing()
    {
        await using var move = await PlannedMove.OfAsync("a");
        var first = move.First;
        await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token);

        Assert.Equal(ReleaseVerdict.Unprepared, (await first.Log.PrepareAsync(TestCluster.Partition, first.Session, Token)).Verdict);
        Assert.Equal(ReleaseVerdict.NotOwner, (await first.Log.PrepareAsync(TestCluster.Partition, new SessionId(first.Id, Guid.NewGuid()), Token)).Verdict);
    }

    // Whoever heard nothing would take the owner for silent, and not ask for the release that finds its way.
    [Fact]
    public async Task A_preparation_that_storage_fails_is_none_and_the_release_is_asked_for_all_the_same()
    {
        await using var move = await PlannedMove.OfAsync("a", "b");
        var faults = 1;
        move.First.Container.Fault = (_, name) =>
            name.StartsWith("p/", StringComparison.Ordinal) && Interlocked.Decrement(ref faults) >= 0 ? new Storage.StorageException(name, "Write", "a test said so") : null;

        var handle = await move.Second.OpenAsync();

        Assert.True(faults < 0);
        Assert.Equal((1, 1), (move.Second.Owners.AskedToPrepare, move.Second.Owners.Asked));
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // Nobody serves it, and what is prepared is served meanwhile.
    [Fact]
    public async Task A_release_does_not_wait_for_preparations_whose_segments_storage_is_slow_to_take()
    {
        await using var move = await PlannedMove.OfAsync("a");
        var (first, released) = (move.First, TestCluster.PartitionOf(20));
        PartitionId[] prepared = [.. Enumerable.Range(1, 12).Select(TestCluster.PartitionOf)];
        foreach (var partition in prepared.Append(released)) await TestBroker.AppendDurablyAsync(await first.OpenAsync(partition), "a");
        var read = 0;
        move.Cluster.Blobs.BeforeCall = call =>
        {
            if (!call.IsPut && call.Name.StartsWith("m/", StringComparison.Ordinal)) Interlocked.Increment(ref read);
        };
        move.Cluster.Blobs.HoldsPuts = true;
        var preparing = Array.ConvertAll(prepared, partition => first.Log.PrepareAsync(partition, first.Session, Token).AsTask());
        await Until.SoAsync(() => Volatile.Read(ref read) == prepared.Length && Held() >= 6);

        var answer = first.Log.ReleaseAsync(released, first.Session, Token).AsTask();
        await Until.SoAsync(() => move.Cluster.Blobs.Held.Any(name => IsOf(name, released)));
        move.Cluster.Blobs.Release(move.Cluster.Blobs.Held.Single(name => IsOf(name, released)));

        Assert.Equal(ReleaseVerdict.Released, (await answer).Verdict);
        Assert.DoesNotContain(preparing, static preparation => preparation.IsCompleted);
        move.Cluster.Blobs.HoldsPuts = false;
        await Until.SoAsync(() => preparing.All(static preparation => preparation.IsCompleted), () =>
        {
            foreach (var name in move.Cluster.Blobs.Held) move.Cluster.Blobs.Release(name);
        });
        foreach (var preparation in preparing) Assert.Equal(ReleaseVerdict.Prepared, (await preparation).Verdict);

        int Held() => move.Cluster.Blobs.Held.Count(static name => name.StartsWith("p/", StringComparison.Ordinal));
        static bool IsOf(string name, PartitionId partition) => name.StartsWith("p/", StringComparison.Ordinal) && name.Contains($"/{partition.Index}/", StringComparison.Ordinal);
    }

    // That one is not the owner any more would be taken for an answer to the other, who is, and is then fenced.
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_request_that_hangs_answers_none_that_names_another_session(bool isPreparation)
    {
        await using var move = await PlannedMove.OfAsync("a");
        var first = move.First;
        Task<ReleaseAnswer> AskAsync(SessionId session) =>
            isPreparation ? first.Log.PrepareAsync(TestCluster.Partition, session, Token).AsTask() : first.Log.ReleaseAsync(TestCluster.Partition, session, Token).AsTask();

        first.Container.Freeze();
        var hanging = AskAsync(first.Session);
        await Until.SoAsync(() => first.Container.Waiting > 0);
        var other = await AskAsync(new SessionId(first.Id, Guid.NewGuid())).WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Equal(ReleaseVerdict.NotOwner, other.Verdict);
        Assert.False(hanging.IsCompleted);
        first.Container.Thaw();
        Assert.Equal(isPreparation ? ReleaseVerdict.Prepared : ReleaseVerdict.Released, (await hanging).Verdict);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public async Task An_idempotent_producer_meets_neither_loss_nor_double_whatever_it_sent_behind_the_preparation(int behind)
    {
        await using var move = await PlannedMove.OfAsync();
        for (var sequence = 0; sequence < 3; sequence++) await AppendAsync(move.Old, sequence);
        move.Second.Owners.AfterPreparing = async () =>
        {
            for (var sequence = 3; sequence < 3 + behind; sequence++) await AppendAsync(move.Old, sequence);
        };

        var handle = await move.Second.OpenAsync();
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
        await using var move = await PlannedMove.OfAsync(setup => setup with { Moved = lines.Add }, "a");

        await move.Second.OpenAsync();

        Assert.Equal(["read", "closed", "drained", "cut"], lines[0].Steps.Select(static step => step.Step));
        Assert.Equal(["read", "prepared", "warmed", "released", "claimed", "served"], lines[1].Steps.Select(static step => step.Step));
    }

    // A partition that is opened again here, and one whose broker is gone.
    [Fact]
    public async Task A_claim_that_is_no_move_is_told_to_nobody()
    {
        var lines = new List<MoveTimeline>();
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1, setup => setup with { Moved = lines.Add });
        var opened = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(opened, "a");
        first.Log.Handles.GiveUp(opened);
        await first.OpenAsync();
        first.Container.Freeze();
        first.IsDead = true;
        var second = await cluster.StartAsync(2, setup => setup with { Moved = lines.Add });

        await second.OpenAsync();

        Assert.Empty(lines);
    }

    private static async Task AppendAsync(PartitionHandle handle, int sequence) => Assert.Equal(ErrorCode.None, (await TestBroker.AppendAsync(handle, Batch(sequence))).Error);

    private static BatchBuilder Batch(int sequence) => BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}");
}
