using System.Buffers;
using OrleansStream.Log.AzureBlobs.Containers;
using OrleansStream.Log.Manifests;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>Objects that no manifest names (rules D3, D4, D5).</summary>
public sealed class SweepTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public void An_object_that_its_manifest_has_not_named_for_a_day_is_put_on_its_list_and_deleted_and_a_younger_one_stays()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Append(broker, partition, batches: 60, valueBytes: 10_000);
        world.Pass(TimeSpan.FromHours(1));
        var named = world.Segments;
        var old = Put(world, partition, world.ManifestOf(partition).Epoch);

        world.Pass(TimeSpan.FromHours(23), Minute);
        var young = Put(world, partition, world.ManifestOf(partition).Epoch);
        Assert.Contains(old, world.Segments);
        world.Pass(TimeSpan.FromHours(1.5), Minute);

        Assert.Equal([.. named.Append(young).Order(StringComparer.Ordinal)], world.Segments);
        world.AssertAllIsThere(broker);
    }

    [Fact]
    public void An_object_of_an_epoch_that_has_passed_is_deleted_by_the_next_sweep_however_young()
    {
        using var world = new UpkeepWorld();
        var (broker, partition) = (world.Start(1), UpkeepWorld.PartitionOf(0));
        world.Append(broker, partition, batches: 3);
        world.Kill(broker);
        var next = world.Start(1);
        world.Append(next, partition, batches: 3);
        world.Pass(TimeSpan.FromMinutes(58));
        Assert.True(world.ManifestOf(partition).Epoch > new LeaderEpoch(0));
        Put(world, partition, new LeaderEpoch(0));

        world.Pass(TimeSpan.FromMinutes(3));

        Assert.Equal(world.ManifestOf(partition).Extents.OfType<SegmentExtent>().Select(static extent => extent.Name), world.Segments);
        world.AssertAllIsThere(next);
    }

    [Fact]
    public void Objects_of_a_topic_that_the_catalog_does_not_know_go_under_a_tombstone_and_those_of_a_known_one_stay()
    {
        using var world = new UpkeepWorld();
        world.Start(1);
        var (unknown, known) = (UpkeepWorld.PartitionOf(0, topic: 9), UpkeepWorld.PartitionOf(0, topic: 10));
        world.DeletedTopics.Add(unknown.Topic);
        Put(world, unknown, new LeaderEpoch(0));
        var stays = Put(world, known, new LeaderEpoch(0));

        world.Pass(TimeSpan.FromHours(1.5));

        Assert.Equal([stays], world.Segments);
        Assert.True(world.ManifestOf(unknown).Deleted);
    }

    [Fact]
    public void A_dry_run_names_what_it_would_take_away_and_takes_nothing()
    {
        using var world = new UpkeepWorld { SweepOnlyReports = true };
        var (broker, unknown) = (world.Start(1), UpkeepWorld.PartitionOf(0, topic: 9));
        world.DeletedTopics.Add(unknown.Topic);
        var name = Put(world, unknown, new LeaderEpoch(0));

        world.Pass(TimeSpan.FromHours(25.5), Minute);

        Assert.Equal([name], world.Segments);
        Assert.Empty(world.Names("m/"));
        Assert.Equal(2, broker.Notes.Count(note => note.Contains(name, StringComparison.Ordinal))); // An hour after the start, and a day after that.
    }

    [Fact]
    public void Of_several_brokers_one_sweeps_and_the_next_does_when_that_one_is_gone()
    {
        using var world = new UpkeepWorld();
        var (first, second) = (world.Start(1), world.Start(2));
        var unknown = UpkeepWorld.PartitionOf(0, topic: 9);
        world.DeletedTopics.Add(unknown.Topic);
        Put(world, unknown, new LeaderEpoch(0));
        world.Pass(TimeSpan.FromMinutes(62));
        Assert.Equal((1, 0), ((int)first.Log.Shared.ObjectsSwept, (int)second.Log.Shared.ObjectsSwept));

        Put(world, unknown, new LeaderEpoch(0));
        world.Kill(first);
        world.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(1, (int)second.Log.Shared.ObjectsSwept);
    }

    private static string Put(UpkeepWorld world, PartitionId partition, LeaderEpoch epoch)
    {
        var name = $"p{BlobNames.ManifestOf(partition)[1..]}/{0:x16}-{epoch}-{Guid.NewGuid():N}";
        Assert.True(world.Objects.TryCreateAsync(name, new ReadOnlySequence<byte>(new byte[100]), CancellationToken.None).AsTask().GetAwaiter().GetResult());
        return name;
    }
}
