using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Brokers;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Storage;
using OrleansStream.Model;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Lanes that end while their broker lives, and brokers that stood still (rules W2 and W3).</summary>
public sealed class LaneEndTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_has_its_record_and_its_name_in_the_registry_before_anything_else()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");

        var puts = cluster.Blobs.Calls.Where(static call => call.IsPut).Select(static call => call.Name).ToList();
        Assert.Equal([BlobNames.SessionOf(first.Session), "b/1", BlobNames.ManifestOf(TestCluster.Partition), BlobNames.BlockOf(first.Session, Slot.Zero)], puts);
        Assert.Equal(first.Session, (await cluster.Registry.GetAsync(first.Id, Token))!.Record.Session);
    }

    // What is not acknowledged may be there or not; what is, is there. Nobody has to ask for the partitions that were open.
    [Fact]
    public async Task A_lane_that_ended_is_followed_by_a_session_that_finds_all_that_was_acknowledged()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a", "b");
        var ended = first.Log.Lanes.Current;

        ended.Abort(new LaneEnd("A test ended it.", null));
        var handle = await first.ReopenedAsync(old);

        Assert.NotEqual(ended.Session, first.Session);
        Assert.Equal(first.Session, (await cluster.Registry.GetAsync(first.Id, Token))!.Record.Session);
        await TestBroker.AppendDurablyAsync(handle, "c");
        Assert.Equal(["a", "b", "c"], await TestBroker.ReadAsync(handle));
        Assert.Equal((1, 0), (first.Log.Lanes.LanesLost, first.Owners.Asked));
        Assert.Equal(SessionState.Fencing, (await cluster.Sessions.GetAsync(ended.Session, Token))!.Record.State);
    }

    // The handle serves, and with it the lane goes, before whoever opened it is told: that open is still under way when what the lane had is opened again.
    [Fact]
    public async Task A_partition_whose_lane_ends_before_its_open_is_over_is_opened_again()
    {
        await using var cluster = new TestCluster();
        await TestBroker.AppendDurablyAsync(await (await cluster.StartAsync(1)).OpenAsync(), "a");
        var stepped = new SteppedLanes();
        var isOnce = true;
        TestBroker? second = null;
        second = await stepped.UntilAsync(cluster.StartAsync(2, setup => stepped.Drive(setup) with
        {
            Moved = _ =>
            {
                if (!isOnce) return;
                isOnce = false;
                second!.Log.Lanes.Current.Abort(new LaneEnd("A test ended it.", null));
                stepped.Run();
            },
        }));

        var old = await stepped.UntilAsync(second.OpenAsync());
        var again = await stepped.UntilAsync(second.ReopenedAsync(old));

        Assert.False(old.IsOwner);
        Assert.Equal(["a"], await stepped.UntilAsync(TestBroker.ReadAsync(again)));
        await stepped.UntilAsync(second.DisposeAsync().AsTask());
    }

    // A block was written, and its writer never learned so: it stands below the end, and with it the record that nobody acknowledged.
    [Fact]
    public async Task Nothing_is_concluded_from_the_memory_of_a_lane_that_ended()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a");
        cluster.Blobs.Faults = static call => call is { IsPut: true, Name: ['w', '/', ..] } ? BlobFault.AnswerLost : BlobFault.None;
        var slot = BlobNames.BlockOf(first.Session, new Slot(1));
        var hidden = new TaskCompletionSource();
        first.Container.Fault = (kind, name) =>
        {
            if (kind != BlobCallKind.Read || name != slot || !cluster.Blobs.Names.Contains(slot)) return null;
            hidden.TrySetResult();
            return new StorageException(name, "Read", "a test said so") { IsTransient = true };
        };
        var pending = TestBroker.AppendAsync(old, new BatchBuilder().Record("b"));
        await hidden.Task.WaitAsync(Token);
        cluster.Blobs.Faults = null;

        first.Log.Lanes.Current.Abort(new LaneEnd("A test ended it.", null));
        Assert.Equal(ErrorCode.RequestTimedOut, (await pending).Error); // Any code of a refusal would be untrue: the record is in the log.
        first.Container.Fault = null;
        var handle = await first.ReopenedAsync(old);

        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    // W3: it was taken for dead while it stood still. What was taken is left to whoever has it, and is not asked back; the rest goes on here.
    [Fact]
    public async Task A_broker_that_was_fenced_takes_back_what_is_its_own_still_and_nothing_else()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var taken = await first.OpenAsync();
        var kept = await first.OpenAsync(TestCluster.PartitionOf(1));
        await TestBroker.AppendDurablyAsync(taken, "t");
        await TestBroker.AppendDurablyAsync(kept, "k");
        first.Container.Freeze();
        first.IsDead = true;
        var second = await cluster.StartAsync(2);
        var handle = await second.OpenAsync();
        first.IsDead = false;
        var pending = TestBroker.AppendAsync(kept, new BatchBuilder().Record("never"));
        first.Container.Thaw();
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await pending).Error);

        var again = await first.ReopenedAsync(kept);
        await TestBroker.AppendDurablyAsync(again, "k2");
        Assert.Equal(["k", "k2"], await TestBroker.ReadAsync(again));
        await Until.SoAsync(() => !first.Log.HasLost(TestCluster.Partition));
        Assert.Equal(0, first.Owners.Asked);
        Assert.True(handle.IsOwner);
        await TestBroker.AppendDurablyAsync(handle, "t2");
        Assert.Equal(["t", "t2"], await TestBroker.ReadAsync(handle));

        // Only a move that somebody wants asks.
        Assert.Equal(["t", "t2"], await TestBroker.ReadAsync(await first.OpenAsync()));
    }

    [Fact]
    public async Task A_producer_goes_on_without_loss_or_double_after_its_lane_ended()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handle = await first.OpenAsync();
        for (var sequence = 0; sequence < 3; sequence++)
        {
            Assert.Equal((ErrorCode.None, (long)sequence), await AppendedAsync(handle, sequence));
            first.Log.Lanes.Current.Abort(new LaneEnd("A test ended it.", null));
            handle = await first.ReopenedAsync(handle);
            Assert.Equal(new LeaderEpoch(sequence + 1), handle.Epoch);
            Assert.Equal((ErrorCode.None, (long)sequence), await AppendedAsync(handle, sequence));
        }

        Assert.Equal(["0", "1", "2"], await TestBroker.ReadAsync(handle));

        static async Task<(ErrorCode, long)> AppendedAsync(Serving.PartitionHandle handle, int sequence)
        {
            var outcome = await TestBroker.AppendAsync(handle, BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}"));
            return (outcome.Error, outcome.BaseOffset.Value);
        }
    }

    [Fact]
    public async Task While_storage_takes_no_session_nothing_opens_and_it_goes_on_by_itself_when_it_does()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a");
        var refused = 0;
        first.Container.Fault = (_, name) =>
        {
            if (!name.StartsWith("b/", StringComparison.Ordinal)) return null;
            Interlocked.Increment(ref refused);
            return new StorageException(name, "Write", "a test said so") { IsTransient = true };
        };

        first.Log.Lanes.Current.Abort(new LaneEnd("A test ended it.", null));
        await cluster.PassUntilAsync(() => Volatile.Read(ref refused) >= 3, TimeSpan.FromSeconds(3));
        await cluster.PassUntilAsync(() => first.Log.Lanes.Gap > Serving.LogHealth.LongestGap, TimeSpan.FromSeconds(3));

        Assert.False(first.Log.Health.IsServing);
        first.Container.Fault = null;
        var reopening = first.ReopenedAsync(old);
        await cluster.PassUntilAsync(() => reopening.IsCompleted, Tick);
        await cluster.PassUntilAsync(() => !first.Log.Lanes.IsStalled, Tick);
        Assert.Equal(["a"], await TestBroker.ReadAsync(await reopening));

        // One record for all tries.
        Assert.Equal(2, cluster.Blobs.Names.Count(static name => name.StartsWith("s/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_broker_whose_number_another_has_begins_no_session_more()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await cluster.StartAsync(1);

        first.Log.Lanes.Current.Abort(new LaneEnd("A test ended it.", null));

        Assert.IsType<BrokerReplacedException>(await first.Log.Lanes.GivenUp.WaitAsync(Token));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await first.Log.OpenAsync(TestCluster.Partition, new Serving.PartitionSettings(), Token)).Error);
        Assert.Equal(["a"], await TestBroker.ReadAsync(await second.OpenAsync()));
    }

    // Until the first of its blocks meets a fence, a broker that slept would serve what is no longer its own; so it looks first.
    [Fact]
    public async Task A_broker_that_stood_still_serves_nothing_before_it_knows_that_its_session_goes_on()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handle = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "a");
        first.Container.Freeze();

        cluster.Time.Advance(SessionWatch.LongestStall + TimeSpan.FromSeconds(1));
        Assert.Equal(ErrorCode.NotLeaderOrFollower, await ReadErrorAsync(handle));
        Assert.False(first.Log.Health.IsServing);

        first.Container.Thaw();
        await cluster.PassUntilAsync(() => !first.Log.Lanes.IsStalled, Tick);
        Assert.Equal(["a"], await TestBroker.ReadAsync(handle));
        Assert.True(first.Log.Health.IsServing);
    }

    [Fact]
    public async Task A_broker_that_stood_still_and_was_ended_meanwhile_ends_its_lane_without_a_write()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handle = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "a");
        var lane = first.Log.Lanes.Current;
        var stored = await cluster.Sessions.GetAsync(lane.Session, Token);
        await cluster.Sessions.CompareAndSetAsync(stored!.Record with { State = SessionState.Fencing }, stored.ETag, Token);

        cluster.Time.Advance(SessionWatch.LongestStall + TimeSpan.FromSeconds(1));
        await cluster.PassUntilAsync(() => lane.Ended.IsCompleted, Tick);

        Assert.IsType<SessionEndedException>((await lane.Ended).Cause);
        var reopened = await first.ReopenedAsync(handle);
        await cluster.PassUntilAsync(() => !first.Log.Lanes.IsStalled, Tick);
        Assert.Equal(["a"], await TestBroker.ReadAsync(reopened));
        Assert.False(handle.IsOwner);

        // A sentence, and no exception beside it: the broker notes that one behind the text.
        Assert.Contains(first.Notes, static note => note.StartsWith("The lane ended: ", StringComparison.Ordinal) && note.EndsWith("a new session begins. ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_stop_whose_time_is_over_leaves_blocks_without_an_outcome_and_says_how_many()
    {
        await using var cluster = new TestCluster();
        using var budget = new StopBudget(TimeSpan.FromSeconds(25), cluster.Time, static () => { });
        var first = await cluster.StartAsync(1, setup => setup with { StopEnds = budget.LogEnds });
        var handle = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "a");
        cluster.Blobs.HoldsPuts = true;
        var pending = TestBroker.AppendAsync(handle, new BatchBuilder().Record("b"));
        await Until.SoAsync(() => cluster.Blobs.Held.Count > 0);
        budget.Begin();
        var stop = first.DisposeAsync().AsTask();
        cluster.Time.Advance(TimeSpan.FromSeconds(25) - TimeSpan.FromTicks(1));
        Assert.False(pending.IsCompleted);

        cluster.Time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal(ErrorCode.RequestTimedOut, (await pending.WaitAsync(Token)).Error);
        await stop.WaitAsync(Token);
        Assert.Contains(first.Notes, static note => note.Contains("what became of 1 blocks (4096 bytes): they are left", StringComparison.Ordinal));
    }

    // The put was answered, but so late that somebody may have ended the session in between, and has.
    [Fact]
    public async Task A_block_that_was_long_on_its_way_is_not_acknowledged_in_a_session_that_was_ended()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handle = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(handle, "a");
        var session = first.Session;
        cluster.Blobs.BeforeCall = call =>
        {
            if (call is not { IsPut: true, Name: ['w', '/', ..] }) return;
            cluster.Blobs.BeforeCall = null;
            var stored = cluster.Sessions.GetAsync(session, Token).AsTask().Result!;
            Assert.True(cluster.Sessions.CompareAndSetAsync(stored.Record with { State = SessionState.Fencing }, stored.ETag, Token).AsTask().Result);
            cluster.Time.Advance(SessionWatch.LongestStall + TimeSpan.FromMilliseconds(1));
        };

        Assert.Equal(ErrorCode.RequestTimedOut, (await TestBroker.AppendAsync(handle, new BatchBuilder().Record("b"))).Error);
    }

    [Fact]
    public async Task A_block_that_was_long_on_its_way_is_acknowledged_in_a_session_that_goes_on()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var handle = await first.OpenAsync();
        cluster.Blobs.BeforeCall = call =>
        {
            if (call is not { IsPut: true, Name: ['w', '/', ..] }) return;
            cluster.Blobs.BeforeCall = null;
            cluster.Time.Advance(TimeSpan.FromSeconds(30));
        };

        await TestBroker.AppendDurablyAsync(handle, "a");
        Assert.Null(first.Log.Lanes.Current.End);
    }

    private static async Task<ErrorCode> ReadErrorAsync(Serving.PartitionHandle handle)
    {
        using var frames = new Blocks.FrameList();
        return (await handle.ReadAsync(new Serving.ReadRequest(handle.LogStart, Limits.MiB, AtLeastOne: true, Committed: false), frames, Token)).Error;
    }
}
