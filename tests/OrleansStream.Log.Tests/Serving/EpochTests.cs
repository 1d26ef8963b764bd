using OrleansStream.Log.Manifests;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Ids;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

// Pitfall 9: epochs only grow, are known wherever they are asked for, and an empty one costs no record its epoch.
public sealed class EpochTests
{
    [Theory]
    [InlineData(-1, -1, -1)]
    [InlineData(1, -1, -1)]
    [InlineData(2, 2, 10)]
    [InlineData(3, 2, 10)]
    [InlineData(4, 4, 10)]
    [InlineData(5, 5, 25)]
    [InlineData(6, 5, 25)]
    [InlineData(7, 7, 40)]
    [InlineData(8, -1, -1)]
    public void Pitfall_9_an_epoch_ends_where_the_next_one_starts_and_the_current_one_at_the_end_of_the_log(int asked, int epoch, long end)
    {
        using var broker = new MemoryBroker();
        Assert.Equal(new EpochEnd(new LeaderEpoch(epoch), new Offset(end)), Open(broker).EndOfEpoch(new LeaderEpoch(asked)));
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(9, 2)]
    [InlineData(10, 5)]
    [InlineData(24, 5)]
    [InlineData(25, 7)]
    [InlineData(39, 7)]
    public void Pitfall_9_every_record_has_the_epoch_that_it_was_appended_in(long offset, int epoch)
    {
        using var broker = new MemoryBroker();
        Assert.Equal(new LeaderEpoch(epoch), Open(broker).EpochAt(new Offset(offset)));
    }

    [Fact]
    public void The_current_epoch_ends_at_what_is_durable()
    {
        using var broker = new MemoryBroker();
        var handle = Open(broker);
        broker.AppendDurably(handle, 3);

        Assert.Equal(new Offset(43), handle.EndOfEpoch(new LeaderEpoch(7)).EndOffset);
    }

    // Epoch 4 was claimed and nothing was appended in it.
    private static PartitionHandle Open(MemoryBroker broker)
    {
        var manifest = broker.NewManifest(MemoryBroker.AnyPartition, epoch: 7) with
        {
            LogStart = new Offset(40),
            Epochs = [Start(2, 0), Start(4, 10), Start(5, 10), Start(7, 25)],
        };
        return broker.Open(manifest);
    }

    private static EpochStart Start(int epoch, long offset) => new(new LeaderEpoch(epoch), new Offset(offset));
}
