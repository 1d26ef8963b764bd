using OrleansStream.Log.Manifests;
using OrleansStream.Log.Ownership;
using OrleansStream.Model.Errors;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Blobs;
using OrleansStream.Testing.Dispatch;
using OrleansStream.Testing.Records;

namespace OrleansStream.Log.AzureBlobs.Tests.Brokers;

/// <summary>Partitions that a living broker lets go of for another (rules O3 and L1 to L5).</summary>
public sealed class ReleaseTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_busy_partition_moves_with_two_writes_and_nothing_is_fenced()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a", "b");
        var second = await cluster.StartAsync(2);
        var before = cluster.Blobs.Calls.Count;

        var handle = await second.OpenAsync();

        Assert.Equal(2, cluster.Blobs.Calls.Skip(before).Count(static call => call.IsPut)); // The segment, and the claim.
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
        Assert.False(old.IsOwner);
        Assert.Null(first.Log.Lanes.Current.End);
        var manifest = await cluster.ManifestAsync();
        Assert.Equal((second.Session, new LeaderEpoch(1)), (manifest.Owner, manifest.Epoch));
        Assert.IsType<SegmentExtent>(Assert.Single(manifest.Extents));
    }

    [Fact]
    public async Task An_idle_partition_moves_with_one_write()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await cluster.StartAsync(2);
        await second.OpenAsync();
        var before = cluster.Blobs.Calls.Count;

        var handle = await first.OpenAsync();

        Assert.Equal(1, cluster.Blobs.Calls.Skip(before).Count(static call => call.IsPut));
        await TestBroker.AppendDurablyAsync(handle, "b");
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    [Fact]
    public async Task A_partition_goes_to_and_fro_with_all_that_was_appended_on_either_side()
    {
        await using var cluster = new TestCluster();
        var brokers = new[] { await cluster.StartAsync(1), await cluster.StartAsync(2) };
        var expected = new List<string>();
        for (var move = 0; move < 7; move++)
        {
            var handle = await brokers[move % 2].OpenAsync();
            Assert.Equal(expected, await TestBroker.ReadAsync(handle));
            if (move % 3 == 2) continue;
            await TestBroker.AppendDurablyAsync(handle, $"{move}x", $"{move}y");
            expected.AddRange([$"{move}x", $"{move}y"]);
            Assert.Equal(expected, await TestBroker.ReadAsync(handle));
        }
    }

    // L2: the claim may never come, and still the partition is served by nobody but a claimant.
    [Fact]
    public async Task A_partition_that_was_let_go_of_takes_nothing_until_it_is_claimed_and_then_goes_on()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a");

        Assert.Equal(ReleaseVerdict.Released, (await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token)).Verdict);
        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await TestBroker.AppendAsync(old, new BatchBuilder().Record("lost"))).Error);

        var handle = await first.OpenAsync(); // O2.
        await TestBroker.AppendDurablyAsync(handle, "b");
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
    }

    [Fact]
    public async Task A_release_that_is_asked_for_again_gives_the_same_answer_and_writes_nothing_more()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var answer = await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token);
        var puts = cluster.Blobs.Calls.Count(static call => call.IsPut);

        var again = await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token);

        Assert.Equal(answer.Log!.Extents, again.Log!.Extents);
        Assert.Equal(answer.Log.Stored.ETag, again.Log.Stored.ETag);
        Assert.Equal(puts, cluster.Blobs.Calls.Count(static call => call.IsPut));
    }

    [Fact]
    public async Task A_claim_on_an_answer_that_came_too_late_is_lost_and_begins_anew()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await cluster.StartAsync(2);
        var isLate = true;
        second.Owners.Between = async ask =>
        {
            var answer = await ask();
            if (!isLate) return answer;
            isLate = false;
            await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "b"); // Meanwhile it was opened again where it was.
            return answer;
        };

        var handle = await second.OpenAsync();

        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(handle));
        Assert.Equal(2, second.Owners.Asked);
        Assert.Equal(new LeaderEpoch(2), handle.Epoch);
    }

    // Doubled: two claimants got one answer. One write stands, and the other claimant finds a new owner, who lets go in his turn.
    [Fact]
    public async Task Of_two_claimants_with_the_same_answer_one_claims_and_the_other_asks_him()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a", "b");
        var second = await cluster.StartAsync(2);
        var third = await cluster.StartAsync(3);
        var both = new TaskCompletionSource();
        var answers = 0;
        foreach (var claimant in new[] { second, third })
        {
            claimant.Owners.Between = async ask =>
            {
                var answer = await ask();
                if (Interlocked.Increment(ref answers) == 2) both.TrySetResult();
                await both.Task.WaitAsync(Token);
                return answer;
            };
        }

        var handles = await Task.WhenAll(second.OpenAsync(), third.OpenAsync());

        var manifest = await cluster.ManifestAsync();
        var owner = Assert.Single(handles, handle => handle.IsOwner);
        Assert.Equal(manifest.Owner, owner.Session);
        Assert.Equal(new LeaderEpoch(2), owner.Epoch);
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(owner));
    }

    [Fact]
    public async Task An_owner_that_dies_after_it_let_go_loses_nothing_and_the_answer_still_counts()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await cluster.StartAsync(2);
        second.Owners.Between = async ask =>
        {
            var answer = await ask();
            first.IsDead = true;
            await second.Log.Recovered.SummaryOfAsync(first.Session); // Fenced after the release, before the claim.
            return answer;
        };

        Assert.Equal(["a"], await TestBroker.ReadAsync(await second.OpenAsync()));
    }

    [Fact]
    public async Task An_owner_that_dies_while_it_is_asked_is_recovered()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        var second = await cluster.StartAsync(2);
        second.Owners.Between = async ask =>
        {
            await ask(); // The answer is lost with the owner.
            first.IsDead = true;
            return new ReleaseAnswer(ReleaseVerdict.Dead);
        };

        var handle = await second.OpenAsync();

        Assert.Equal(["a"], await TestBroker.ReadAsync(handle));
        Assert.IsType<WalExtent>(Assert.Single(handle.Manifest.Extents));
    }

    // A healthy lane is not ended for one partition: whoever waits is told who has it, and comes again.
    [Fact]
    public async Task An_owner_that_does_not_answer_is_asked_again_for_a_while_and_not_fenced()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        await TestBroker.AppendDurablyAsync(old, "a");
        var second = await cluster.StartAsync(2);
        second.Owners.Between = static _ => ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer));

        var opening = second.Log.OpenAsync(TestCluster.Partition, new Serving.PartitionSettings(), Token).AsTask();
        await cluster.PassUntilAsync(() => opening.IsCompleted, TimeSpan.FromMilliseconds(100));

        var opened = await opening;
        Assert.Equal((ErrorCode.NotLeaderOrFollower, first.Id), (opened.Error, opened.Owner!.Value));
        Assert.InRange(second.Owners.Asked, 2, 12);
        await TestBroker.AppendDurablyAsync(old, "b");
        Assert.True(old.IsOwner);
    }

    [Fact]
    public async Task A_broker_that_stops_waits_for_no_owner()
    {
        await using var cluster = new TestCluster();
        await TestBroker.AppendDurablyAsync(await (await cluster.StartAsync(1)).OpenAsync(), "a");
        var second = await cluster.StartAsync(2);
        second.Owners.Between = static _ => ValueTask.FromResult(new ReleaseAnswer(ReleaseVerdict.NoAnswer));
        var opening = second.Log.OpenAsync(TestCluster.Partition, new Serving.PartitionSettings(), Token).AsTask();
        await Until.SoAsync(() => second.Owners.Asked > 0);

        await second.DisposeAsync();

        Assert.Equal(ErrorCode.NotLeaderOrFollower, (await opening).Error);
    }

    // NotOwner: the broker that the manifest names began again, and knows nothing of its former session but that it is over.
    [Fact]
    public async Task A_session_of_a_former_life_of_a_living_broker_is_recovered()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        await cluster.StartAsync(1);
        var second = await cluster.StartAsync(2);

        Assert.Equal(["a"], await TestBroker.ReadAsync(await second.OpenAsync()));
        Assert.Equal((1, 0), (second.Owners.AskedToPrepare, second.Owners.Asked)); // The first answer says it.
    }

    [Fact]
    public async Task Only_the_owner_lets_go()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        var old = await first.OpenAsync();
        var second = await cluster.StartAsync(2);

        Assert.Equal(ReleaseVerdict.NotOwner, (await second.Log.ReleaseAsync(TestCluster.Partition, second.Session, Token)).Verdict);
        Assert.Equal(ReleaseVerdict.NotOwner, (await first.Log.ReleaseAsync(TestCluster.Partition, second.Session, Token)).Verdict);
        Assert.Equal(ReleaseVerdict.NotOwner, (await first.Log.ReleaseAsync(TestCluster.PartitionOf(9), first.Session, Token)).Verdict);
        Assert.True(old.IsOwner);
    }

    [Fact]
    public async Task A_deleted_partition_is_let_go_of_by_nobody()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a");
        await first.Log.DeleteAsync(TestCluster.Partition, Token);

        Assert.Equal(ReleaseVerdict.NotOwner, (await first.Log.ReleaseAsync(TestCluster.Partition, first.Session, Token)).Verdict);
        var second = await cluster.StartAsync(2);
        Assert.Equal(ErrorCode.UnknownTopicOrPartition, (await second.Log.OpenAsync(TestCluster.Partition, new Serving.PartitionSettings(), Token)).Error);
    }

    [Fact]
    public async Task An_idempotent_producer_meets_neither_loss_nor_double_after_a_move()
    {
        await using var cluster = new TestCluster();
        var brokers = new[] { await cluster.StartAsync(1), await cluster.StartAsync(2) };
        for (var sequence = 0; sequence < 6; sequence++)
        {
            var handle = await brokers[sequence % 2].OpenAsync();
            if (sequence > 0) Assert.Equal((ErrorCode.None, sequence - 1L), await AppendedAsync(handle, sequence - 1));
            Assert.Equal((ErrorCode.None, (long)sequence), await AppendedAsync(handle, sequence));
            Assert.Equal(new LeaderEpoch(sequence), handle.EpochAt(new Offset(sequence)));
            Assert.Equal(new Offset(1), handle.EndOfEpoch(new LeaderEpoch(0)).EndOffset);
        }

        static async Task<(ErrorCode, long)> AppendedAsync(Serving.PartitionHandle handle, int sequence)
        {
            var outcome = await TestBroker.AppendAsync(handle, BatchBuilder.OfProducer(7, 0, sequence).Record($"{sequence}"));
            return (outcome.Error, outcome.BaseOffset.Value);
        }
    }

    // The cut is interrupted: what could not be written is asked for again, and nothing of the attempt is left that the manifest names.
    [Fact]
    public async Task Storage_that_fails_while_a_segment_is_cut_costs_a_try_and_no_record()
    {
        await using var cluster = new TestCluster();
        var first = await cluster.StartAsync(1);
        await TestBroker.AppendDurablyAsync(await first.OpenAsync(), "a", "b");
        var faults = 2;
        first.Container.Fault = (_, name) => name.StartsWith("p/", StringComparison.Ordinal) && Interlocked.Decrement(ref faults) >= 0 ? new Storage.StorageException(name, "Write", "a test said so") : null;
        var second = await cluster.StartAsync(2);

        var opening = second.OpenAsync();
        await cluster.PassUntilAsync(() => opening.IsCompleted, TimeSpan.FromMilliseconds(100));

        // The test's time has jumped, and the broker takes that for having stood still (rule W2).
        await cluster.PassUntilAsync(() => !second.Log.Lanes.IsStalled, TimeSpan.FromMilliseconds(100));
        Assert.Equal(["a", "b"], await TestBroker.ReadAsync(await opening));
        Assert.Null(first.Log.Lanes.Current.End);
    }
}
