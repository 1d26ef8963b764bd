using OrleansStream.Log.Blocks;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Lanes;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Lanes;

namespace OrleansStream.Log.Files.Tests.Wal;

public sealed class FileLaneTests
{
    private static readonly CancellationToken None = TestContext.Current.CancellationToken;

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_lane_on_a_real_disk_publishes_in_order_and_leaves_blocks_that_verify(bool direct)
    {
        using var directory = new DataDirectory();
        using var slabs = new SlabPool();
        var files = new WalFiles();
        var session = new SessionId(new BrokerId(1), Guid.NewGuid());
        var owner = new RecordingOwner();
        using (var host = Start(directory, slabs, files, session, direct))
        {
            var partition = host.Lane.PartitionOf(LaneCalls.Partition(0));
            for (var i = 0; i < 1000; i++) Assert.Equal(EnqueueStatus.Accepted, host.Lane.Append(LaneCalls.Request(partition, owner, i, length: 1 + (i * 7 % 3000))));
            await host.Lane.DrainAsync(partition.Partition, None);
            Assert.Equal(Enumerable.Range(0, 1000).Select(i => new Offset(i)), owner.Published.Select(p => p.Base));
            await host.Lane.StopAsync(None);
        }

        Assert.Equal(0, slabs.Leases.Total);
        var file = Assert.Single(files.Of(session));
        var end = file.EndSlot;
        var bytes = File.ReadAllBytes(Path.Combine(directory.Path, file.Path));
        for (var slot = Slot.Zero; slot < end; slot = slot.Next)
        {
            Assert.True(file.TryFind(slot, out var position, out var stored));
            Assert.Null(BlockCodec.Verify(bytes.AsSpan((int)position, stored)));
        }
    }

    private static FileLane Start(DataDirectory directory, SlabPool slabs, WalFiles files, SessionId session, bool direct) => FileLane.Start(
        new WalStoreSetup
        {
            Disk = directory.Disk,
            Session = session,
            Options = new FileLaneOptions { FileBytes = 32 << 20, Direct = direct },
            Files = files,
            Time = TimeProvider.System,
        },
        (store, wake) => new LaneSetup
        {
            Session = session,
            Store = store,
            Sessions = new MemorySessionStore(),
            ClosedEpochs = new ClosedEpochs(),
            Slabs = slabs,
            Time = TimeProvider.System,
            Random = new Random(1),
            Dispatcher = TaskScheduler.Default,
            WakeWriter = wake,
        });
}
