using OrleansStream.Model;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>What the background work asks of the container when there is nothing to do: each request is paid for. docs/operations/bounds.md has these figures.</summary>
public sealed class IdleCostTests
{
    [Fact]
    public void An_hour_in_which_nothing_is_produced_takes_no_write_one_list_and_no_read_of_an_open_partition()
    {
        const int partitions = 20;
        using var world = new UpkeepWorld();
        var broker = world.Start(1);
        for (var index = 0; index < partitions; index++) world.Append(broker, UpkeepWorld.PartitionOf(index), batches: 3);
        world.Pass(TimeSpan.FromHours(3));

        var calls = CallsOf(world, TimeSpan.FromHours(1));

        Assert.DoesNotContain(calls, static call => call.Kind is BlobCallKind.Put or BlobCallKind.Delete);
        Assert.Equal(["m/"], calls.Where(static call => call.Kind == BlobCallKind.List).Select(static call => call.Name));
        Assert.Equal([], calls.Where(static call => call.Kind is not BlobCallKind.List).Select(static call => $"{call.Kind} {call.Name}"));
    }

    [Fact]
    public void Partitions_that_are_not_open_are_read_once_an_hour_by_the_broker_on_which_they_are_placed()
    {
        const int partitions = 20;
        using var world = new UpkeepWorld();
        var broker = world.Start(1);
        for (var index = 0; index < partitions; index++) world.Append(broker, UpkeepWorld.PartitionOf(index), batches: 30, valueBytes: 10_000);
        world.Pass(TimeSpan.FromHours(2));
        world.Kill(broker);
        world.Start(1);
        world.Start(2);
        world.Pass(TimeSpan.FromHours(3));

        Assert.Equal(partitions, CallsOf(world, TimeSpan.FromHours(1)).Count(static call => call.Kind == BlobCallKind.Get));
    }

    private static List<BlobCall> CallsOf(UpkeepWorld world, TimeSpan span)
    {
        var before = world.Blobs.Calls.Count;
        world.Pass(span);
        return world.Blobs.Calls[before..];
    }
}
