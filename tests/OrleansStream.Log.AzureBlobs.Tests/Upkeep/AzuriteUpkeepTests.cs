using OrleansStream.Log.AzureBlobs.Tests.Harness;
using OrleansStream.Log.Lanes;
using OrleansStream.Log.Manifests;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>The background work on the emulator, whose names, conditions and lists are those of the service.</summary>
public sealed class AzuriteUpkeepTests(AzuriteFixture azurite)
{
    [Fact]
    public async Task What_is_split_merged_expired_deleted_and_taken_over_leaves_the_container_with_what_manifests_name()
    {
        var account = await TestAccount.CreateAsync(azurite);
        using var world = new UpkeepWorld(1, new BlockingContainer(account.Container)) { Merge = new MergeOptions { SmallBytes = Limits.MiB, MaxBytes = 4 * Limits.MiB, Count = 3 } };
        var (first, second) = (world.Start(1), world.Start(2));
        var (large, small, expires, deleted) = (UpkeepWorld.PartitionOf(0), UpkeepWorld.PartitionOf(1), UpkeepWorld.PartitionOf(2), UpkeepWorld.PartitionOf(0, topic: 8));
        world.Configure(expires, new PartitionSettings { RetentionMs = 3_600_000 });
        var dead = second.Session;
        for (var round = 0; round < 3; round++)
        {
            world.Append(first, large, batches: 30, valueBytes: 10_000);
            world.Append(second, small, batches: 2);
            world.Append(second, expires, batches: 28, valueBytes: 10_000);
            world.Append(first, deleted, batches: 28, valueBytes: 10_000);
            world.Pass(TimeSpan.FromSeconds(5));
        }

        world.DeletedTopics.Add(deleted.Topic);
        world.Wait(first.DeleteAsync(deleted));
        world.Kill(second);
        world.Pass(TimeSpan.FromHours(2));

        Assert.Equal((0, 0), (world.BlocksOf(first.Session), world.BlocksOf(dead)));
        Assert.Equal(SessionState.Closed, (await world.Sessions.GetAsync(dead, TestContext.Current.CancellationToken))!.Record.State);
        PartitionId[] all = [large, small, expires, deleted];
        Assert.Equal(all.SelectMany(world.SegmentsIn).Order(StringComparer.Ordinal), world.Segments);
        Assert.Equal(world.ManifestOf(expires).LogStart, new Offset(84));
        Assert.Single(world.ManifestOf(large).Extents);
        world.Kill(first);
        var third = world.Start(3);
        foreach (var partition in new[] { large, small, expires }) world.AssertIsThere(third, partition);
    }
}
