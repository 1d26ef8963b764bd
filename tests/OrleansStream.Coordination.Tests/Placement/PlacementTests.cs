using System.Globalization;
using OrleansStream.Coordination.Placement;
using OrleansStream.Model.Ids;

namespace OrleansStream.Coordination.Tests.Placement;

/// <summary>The vectors of docs/formats/placement.md, computed with the reference implementation of XxHash3, and the properties that placement promises.</summary>
public class PlacementTests
{
    private static readonly TopicId Topic = TopicId.Parse("00000001000000000000000000000001");
    private static readonly PlacementHash Hash = new(0, PlacementHash.CurrentVersion);

    [Theory]
    [InlineData("", 0, 0x2d06800538d394c2, 38)]
    [InlineData("my-group", 0, 0x3f36dee437bb3376, 38)]
    [InlineData("my-group", 42, 0x0193c63cbe966bb9, 43)]
    [InlineData("my-group", -1, 0x25446a877b3dbab1, 13)]
    [InlineData("groupe-été-日本", 0, 0x46731d1dc84cce7a, 42)]
    public void A_group_has_the_journal_partition_of_the_published_vectors(string group, long seed, ulong hash, int partition)
    {
        Assert.Equal(hash, new PlacementHash(seed, 1).Of(group));
        Assert.Equal(partition, JournalPlacement.PartitionOf(group, 50, new PlacementHash(seed, 1)));
    }

    [Fact]
    public void A_text_that_is_longer_than_the_stack_buffer_has_the_same_hash()
    {
        Assert.Equal(0xa5d1b4607dc83554, Hash.Of(new string('x', 300)));
        Assert.NotEqual(Hash.Of(new string('x', 513)), Hash.Of(new string('x', 512)));
    }

    [Fact]
    public void An_unknown_version_is_refused()
    {
        Assert.Throws<NotSupportedException>(() => new PlacementHash(0, 2).Of("g"));
    }

    [Fact]
    public void Partitions_have_the_owners_of_the_published_vectors()
    {
        var owners = PartitionOwners.Of(Topic, 6, ["broker-1", "broker-2", "broker-0"], Hash);

        Assert.Equal(["broker-2", "broker-2", "broker-0", "broker-0", "broker-1", "broker-1"], owners);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(6, 3)]
    [InlineData(50, 3)]
    [InlineData(50, 7)]
    [InlineData(1000, 16)]
    public void No_silo_gets_more_than_its_share_and_every_partition_has_an_owner(int partitions, int silos)
    {
        for (var topic = 0; topic < 20; topic++)
        {
            var owners = PartitionOwners.Of(TopicNumber(topic), partitions, Silos(silos), Hash);

            Assert.Equal(partitions, owners.Count);
            Assert.All(owners.CountBy(owner => owner), load => Assert.InRange(load.Value, 1, (partitions + silos - 1) / silos));
        }
    }

    [Fact]
    public void Topics_of_one_partition_spread_over_the_silos()
    {
        var loads = Enumerable.Range(0, 3000).CountBy(topic => PartitionOwners.Of(TopicNumber(topic), 1, Silos(3), Hash)[0]);

        Assert.All(loads, load => Assert.InRange(load.Value, 900, 1100));
    }

    [Fact]
    public void The_order_in_which_silos_are_named_does_not_matter()
    {
        Assert.Equal(PartitionOwners.Of(Topic, 100, Silos(5), Hash), PartitionOwners.Of(Topic, 100, [.. Silos(5).Reverse()], Hash));
    }

    // Without the cap exactly 1/4 of 4,000 would move. The cap shifts some more, never as many as hashing by modulus (3/4).
    [Fact]
    public void A_silo_that_joins_or_leaves_moves_little_more_than_its_share()
    {
        var moved = Enumerable.Range(0, 40).Sum(topic => PartitionOwners.Of(TopicNumber(topic), 100, Silos(3), Hash)
            .Zip(PartitionOwners.Of(TopicNumber(topic), 100, Silos(4), Hash)).Count(pair => pair.First != pair.Second));

        Assert.InRange(moved, 1000, 1400);
    }

    [Fact]
    public void Without_a_silo_or_a_partition_there_is_no_owner()
    {
        Assert.Empty(PartitionOwners.Of(Topic, 5, [], Hash));
        Assert.Empty(PartitionOwners.Of(Topic, 0, Silos(1), Hash));
    }

    private static string[] Silos(int count) => [.. Enumerable.Range(0, count).Select(i => "broker-" + i.ToString(CultureInfo.InvariantCulture))];

    private static TopicId TopicNumber(int number) => new(new Guid(number, 1, 2, new byte[8]));
}
