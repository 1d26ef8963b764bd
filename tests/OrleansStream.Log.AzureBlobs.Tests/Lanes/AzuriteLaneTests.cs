using Microsoft.Extensions.Time.Testing;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Log.AzureBlobs.Recovery;
using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Blocks;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.AzureBlobs.Tests.Lanes;

/// <summary>The lane as a broker runs it, with its thread, on the emulator.</summary>
public sealed class AzuriteLaneTests(AzuriteFixture azurite)
{
    private const int Frames = 300;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // Seeds decide which request meets which fault; blocks hold more or fewer frames from run to run, which changes nothing of what must hold.
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Everything_is_published_once_in_order_and_stands_in_its_slots(int? seed)
    {
        var account = await TestAccount.CreateAsync(azurite, seed);
        using var slabs = new SlabPool();
        var owner = new RecordingOwner();
        var session = new SessionId(new BrokerId(1), Guid.Parse("aaaaaaaa-0000-0000-0000-000000000001"));
        Assert.True(await account.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, null), null, Token));
        await using (var lane = Start(account, session, slabs))
        {
            var partition = lane.Lane.PartitionOf(LaneCalls.Partition(0));
            for (var offset = 0; offset < Frames; offset++)
            {
                Assert.Equal(EnqueueStatus.Accepted, lane.Lane.Append(LaneCalls.Request(partition, owner, offset, length: 2_000)));
                if (offset % 25 == 0) await lane.Lane.DrainAsync(partition.Partition, Token);
            }

            await lane.Lane.StopAsync(Token);
            Assert.Equal("The lane was stopped.", lane.Lane.End!.Reason);
        }

        Assert.Equal(0, slabs.Leases.Total);
        Assert.Empty(owner.Lost);
        Assert.Equal(Enumerable.Range(0, Frames).Select(offset => (long)offset), owner.Published.Select(frame => frame.Base.Value));
        Assert.Equal(owner.Published.Select(frame => (frame.Slot.Value, frame.Base.Value)), await StoredAsync(account, session));
        if (seed is not null) Assert.True(account.Faults.SeededFaults > 0);
    }

    [Fact]
    public async Task A_fence_on_the_account_ends_the_lane()
    {
        var account = await TestAccount.CreateAsync(azurite);
        using var slabs = new SlabPool();
        var owner = new RecordingOwner();
        var session = new SessionId(new BrokerId(1), Guid.Parse("aaaaaaaa-0000-0000-0000-000000000001"));
        await using var lane = Start(account, session, slabs);
        var partition = lane.Lane.PartitionOf(LaneCalls.Partition(0));
        lane.Lane.Append(LaneCalls.Request(partition, owner, 0));
        await lane.Lane.DrainAsync(partition.Partition, Token);
        var end = owner.Published.Max(frame => frame.Slot).Next;
        await account.Container.PutAsync(BlobNames.BlockOf(session, end), new(FenceBlob.Write(session, end, 0, Guid.Empty)), expected: null, Guid.Empty, Token);

        lane.Lane.Append(LaneCalls.Request(partition, owner, 1));
        var ended = await lane.Lane.Ended.WaitAsync(Token);

        Assert.Contains("another broker has ended this session", ended.Reason, StringComparison.Ordinal);
        Assert.Single(owner.Published);
        Assert.Single(owner.Lost);
    }

    // A broker that is taken for dead while it writes. On an account, with its thread, whatever order things take: the writer learns that it was ended, and
    // what it had acknowledged is what a recovery finds, or less than that.
    [Theory]
    [InlineData(null)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_session_that_is_fenced_while_it_writes_has_all_that_was_acknowledged(int? seed)
    {
        var account = await TestAccount.CreateAsync(azurite, seed);
        using var slabs = new SlabPool();
        var owner = new RecordingOwner();
        var session = new SessionId(new BrokerId(1), Guid.Parse("aaaaaaaa-0000-0000-0000-000000000001"));
        Assert.True(await account.Sessions.CompareAndSetAsync(new SessionRecord(session, SessionState.Open, Slot.Zero, null), null, Token));
        SessionSummary? summary = null;
        await using (var lane = Start(account, session, slabs))
        {
            var partition = lane.Lane.PartitionOf(LaneCalls.Partition(0));
            var recovery = Task.CompletedTask;
            for (var offset = 0L; lane.Lane.End is null; offset++)
            {
                if (lane.Lane.Append(LaneCalls.Request(partition, owner, offset, length: 500)) != EnqueueStatus.Accepted) break;
                if (offset % 5 == 0) await lane.Lane.DrainAsync(partition.Partition, Token);
                if (offset == 50) recovery = RecoverAsync();
            }

            await lane.Lane.Ended.WaitAsync(Token);
            await recovery;
            Assert.Contains("another broker has ended this session", lane.Lane.End!.Reason, StringComparison.Ordinal);
        }

        Assert.All(owner.Published, frame => Assert.True(frame.Slot < summary!.Fenced.End));
        var extents = summary!.FramesOf(LaneCalls.Partition(0));
        Assert.True(owner.Published[^1].Base <= extents[^1].LastOffset);
        Assert.Equal(0, extents[0].BaseOffset.Value);
        Assert.All(extents.Zip(extents.Skip(1)), pair => Assert.Equal(pair.First.LastOffset + 1, pair.Second.BaseOffset));
        Assert.Equal(0, slabs.Leases.Total);

        async Task RecoverAsync() =>
            summary = await new SessionRecovery(new RecoverySetup { Container = account.Container, Sessions = account.Sessions, Undecided = account.Undecided }).RecoverAsync(session, Token);
    }

    private static BlobLane Start(TestAccount account, SessionId session, SlabPool slabs) =>
        BlobLane.Start(
            new BlobLaneSetup { Container = account.Container, Session = session, Undecided = new UndecidedPuts(new SimulatedLane.EndlessPauses(), new Random(1), TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)) },
            (store, wake) => new LaneSetup
            {
                Session = session,
                Store = store,
                Sessions = account.Sessions,
                ClosedEpochs = new ClosedEpochs(),
                Slabs = slabs,
                Time = new FakeTimeProvider(),
                Random = new Random(2),
                Dispatcher = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler,
                WakeWriter = wake,
            });

    // What a recovery would find: every slot from 0 on, each a whole block that names the one before.
    private static async Task<List<(long Slot, long Base)>> StoredAsync(TestAccount account, SessionId session)
    {
        var frames = new List<(long, long)>();
        var previous = 0u;
        for (var slot = Slot.Zero; ; slot = slot.Next)
        {
            if (await account.Container.GetAsync(BlobNames.BlockOf(session, slot), Model.Limits.MaxBlockBytes, Token) is not { } content) return frames;
            Assert.Null(BlockCodec.Verify(content.Bytes));
            Assert.True(BlockCodec.TryReadDirectory(content.Bytes, out var header, out var directory, out _));
            Assert.Equal((slot, session.Hash, previous), (header.Slot, header.SessionHash, header.PreviousChecksum));
            previous = header.Checksum;
            foreach (var entry in directory) frames.Add((slot.Value, entry.BaseOffset.Value));
        }
    }
}
