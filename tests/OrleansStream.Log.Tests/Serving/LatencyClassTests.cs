using OrleansStream.Log.Economy;
using OrleansStream.Log.Serving;
using OrleansStream.Log.Tests.Lanes;
using OrleansStream.Testing.Records;
using OrleansStream.Testing.Serving;

namespace OrleansStream.Log.Tests.Serving;

public sealed class LatencyClassTests
{
    [Fact]
    public void A_handle_appends_with_its_topics_class_and_with_a_changed_one_from_the_next_append_on()
    {
        using var bench = new LaneBench(setup => setup with { Linger = new LaneLinger { Economy = TimeSpan.FromHours(1) } });
        using var broker = new MemoryBroker();
        var settings = new PartitionSettings { LatencyClass = LatencyClass.Economy };
        var handle = new PartitionHandle(broker.Parts, bench.Lane, new PartitionStart { Manifest = broker.NewManifest(bench.Partition.Partition), LogEnd = default, Settings = settings });
        broker.Append(handle, new BatchBuilder().Records(1)); // Finds the lane idle.
        bench.RunAll();
        broker.Append(handle, new BatchBuilder().Records(1));
        bench.RunAll();
        Assert.Equal([1], bench.Store.Writes);

        handle.Configure(settings with { LatencyClass = LatencyClass.Low });
        broker.Append(handle, new BatchBuilder().Records(1));
        bench.RunAll();

        Assert.Equal([1, 1], bench.Store.Writes);
        Assert.Equal(3, broker.Appends.All.Count);
        bench.Lane.Abort(new Log.Lanes.LaneEnd("The test is over.", null));
        bench.RunAll();
    }
}
