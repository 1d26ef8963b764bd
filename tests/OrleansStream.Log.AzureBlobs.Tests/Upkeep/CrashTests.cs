using OrleansStream.Log.AzureBlobs.Lanes;
using OrleansStream.Model;
using OrleansStream.Log.Segments;
using OrleansStream.Testing.Blobs;

namespace OrleansStream.Log.AzureBlobs.Tests.Upkeep;

/// <summary>Brokers that die in the middle of their background work, and storage that loses requests and answers meanwhile.</summary>
public sealed class CrashTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 12)];

    // The broker dies at a call that the seed picks, wherever in a split, a carry, a merge, a trim or a deletion that is.
    [Theory]
    [MemberData(nameof(Seeds))]
    public void What_was_acknowledged_is_there_at_its_offsets_whenever_the_broker_died(int seed)
    {
        using var world = new UpkeepWorld(seed) { Merge = new MergeOptions { SmallBytes = Limits.MiB, MaxBytes = 2 * Limits.MiB, Count = 2 } };
        var chance = new Random(seed);
        var broker = world.Start(1);
        for (var life = 0; life < 6; life++)
        {
            for (var round = 0; round < 8; round++)
            {
                world.Append(broker, UpkeepWorld.PartitionOf(chance.Next(4)), batches: 1 + chance.Next(8), valueBytes: chance.Next(2) == 0 ? 100 : 50_000);
                world.Pass(TimeSpan.FromSeconds(chance.Next(300)));
            }

            var (dying, left) = (broker, 1 + chance.Next(60));
            world.Blobs.BeforeCall = _ =>
            {
                if (--left == 0) dying.Container.Freeze();
            };
            for (var minute = 0; minute < 40 && left > 0; minute++) world.Pass(TimeSpan.FromMinutes(1));
            world.Blobs.BeforeCall = null;
            world.Kill(broker);
            broker = world.Start(1);
            world.AssertAllIsThere(broker);
        }

        world.Pass(TimeSpan.FromHours(2));
        world.AssertAllIsThere(broker);
        Assert.DoesNotContain(world.Slots, name => world.Blobs[name].Length > FenceBlob.Bytes);
    }

    // What a simulation finds it must be able to show again.
    [Fact]
    public void The_same_seed_gives_the_same_requests_in_the_same_order()
    {
        var (first, second) = (CallsOf(seed: 5), CallsOf(seed: 5));
        for (var index = 0; index < Math.Min(first.Count, second.Count); index++) Assert.Equal(first[index], second[index]);
        Assert.Equal(first.Count, second.Count);
    }

    private static List<BlobCall> CallsOf(int seed)
    {
        using var world = new UpkeepWorld(seed) { Merge = new MergeOptions { SmallBytes = Limits.MiB, MaxBytes = 2 * Limits.MiB, Count = 2 } };
        UpkeepBroker[] brokers = [world.Start(1), world.Start(2)];
        var chance = new Random(seed);
        for (var round = 0; round < 30; round++)
        {
            world.Append(brokers[chance.Next(2)], UpkeepWorld.PartitionOf(chance.Next(5)), batches: 1 + chance.Next(8), valueBytes: chance.Next(2) == 0 ? 100 : 50_000);
            world.Pass(TimeSpan.FromSeconds(chance.Next(100)));
        }

        world.Kill(brokers[1]);
        world.Pass(TimeSpan.FromHours(2));
        return world.Blobs.Calls;
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Requests_and_answers_that_are_lost_leave_every_record_where_it_is(int seed)
    {
        using var world = new UpkeepWorld(seed) { Merge = new MergeOptions { SmallBytes = Limits.MiB, MaxBytes = 2 * Limits.MiB, Count = 2 } };
        var chance = new Random(seed);
        var broker = world.Start(1);
        BlobFault[] faults = [BlobFault.RequestLost, BlobFault.AnswerLost, BlobFault.Late, BlobFault.Doubled, BlobFault.FalseConflict];
        world.Blobs.Faults = _ => chance.Next(20) == 0 ? faults[chance.Next(faults.Length)] : BlobFault.None;
        for (var round = 0; round < 60; round++)
        {
            world.AppendUntilAcknowledged(broker, UpkeepWorld.PartitionOf(chance.Next(4)), valueBytes: chance.Next(2) == 0 ? 100 : 50_000);
            world.Pass(TimeSpan.FromSeconds(chance.Next(200)));
            while (world.Blobs.LatePuts > 0 && chance.Next(2) == 0) world.Blobs.DeliverLate(chance.Next(world.Blobs.LatePuts));
        }

        world.Blobs.Faults = null;
        world.Pass(TimeSpan.FromHours(2));
        world.AssertAllIsThere(broker);
        world.Kill(broker);
        world.AssertAllIsThere(world.Start(1));
    }
}
