using System.Collections.Immutable;
using OrleansStream.Abstractions.Topics;
using OrleansStream.Grains.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Grains.Tests.Topics;

public sealed class CatalogTests
{
    private static readonly ImmutableSortedDictionary<string, string> Configs =
        ImmutableSortedDictionary<string, string>.Empty.Add("cleanup.policy", "delete").Add("retention.ms", "-1");

    public static TheoryData<string> Kinds => [.. Changes.Keys];

    private static Dictionary<string, CatalogChange> Changes => new()
    {
        ["a topic without configs"] = new TopicPut(NewTopic(1, "plain")),
        ["a topic with configs"] = new TopicPut(NewTopic(2, "configured") with { Configs = Configs, PartitionCount = 100_000, ReplicationFactor = -1 }),
        ["a topic with the longest name"] = new TopicPut(NewTopic(3, new string('n', 249))),
        ["the beginning of a deletion"] = new TopicDeletionBegun(IdOf(1)),
        ["the end of a deletion"] = new TopicRemoved(IdOf(1)),
        ["producer ids"] = new ProducerIdsAllocated(long.MaxValue),
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Every_kind_of_change_is_read_as_it_was_written(string kind)
    {
        var change = Changes[kind];

        var read = CatalogCodec.Decode(CatalogCodec.Encode(change));

        // Records compare by value, but their dictionaries do not.
        if (change is TopicPut { Topic: var topic } && read is TopicPut { Topic: var again })
        {
            Assert.Equal(topic with { Configs = Configs }, again with { Configs = Configs });
            Assert.Equal(topic.Configs, again.Configs);
            return;
        }

        Assert.Equal(change, read);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_change_that_is_cut_short_of_another_version_or_of_an_unknown_kind_is_refused(string kind)
    {
        var bytes = CatalogCodec.Encode(Changes[kind]);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => CatalogCodec.Decode(bytes.AsSpan(0, length)));
        }

        foreach (var position in new[] { 0, 1 })
        {
            var damaged = bytes.ToArray();
            damaged[position] = 0x7F;
            Assert.Throws<InvalidDataException>(() => CatalogCodec.Decode(damaged));
        }
    }

    [Fact]
    public void A_deletion_that_has_begun_frees_the_name_at_once_and_keeps_the_topic_on_its_way_out()
    {
        var catalog = new Catalog();
        Apply(catalog, new TopicPut(NewTopic(1, "a.b")), new TopicDeletionBegun(IdOf(1)));

        Assert.Null(catalog.Snapshot.Find("a.b"));
        Assert.Null(catalog.CollidingName("a_b"));
        Assert.False(catalog.Knows(IdOf(1)));
        Assert.Equal("a.b", Assert.Single(catalog.Leaving).Name);

        Apply(catalog, new TopicRemoved(IdOf(1)));
        Assert.Empty(catalog.Leaving);
    }

    [Fact]
    public void Names_that_differ_by_dot_and_underscore_only_collide()
    {
        var catalog = new Catalog();
        Apply(catalog, new TopicPut(NewTopic(1, "a.b")));

        Assert.Equal("a.b", catalog.CollidingName("a_b"));
        Assert.Null(catalog.CollidingName("a.b"));
        Assert.Null(catalog.CollidingName("ab"));
    }

    [Fact]
    public void Producer_ids_never_go_back()
    {
        var catalog = new Catalog();
        Apply(catalog, new ProducerIdsAllocated(2_000), new ProducerIdsAllocated(1_000));

        Assert.Equal(2_000, catalog.NextProducerId);
    }

    // The same choices on every run: a topic is made, changed, begun to be deleted, removed, and its name used again.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_condensed_form_of_any_catalog_leads_to_the_same_catalog(int seed)
    {
        var random = new Random(seed);
        var catalog = new Catalog();
        for (var step = 1; step <= 300; step++)
        {
            catalog.Apply(RandomChange(random, catalog, step), step);
            var again = new Catalog();
            foreach (var change in catalog.Condense())
            {
                again.Apply(CatalogCodec.Decode(CatalogCodec.Encode(change)), step);
            }

            Assert.Equal(Describe(catalog), Describe(again));
        }
    }

    internal static TopicId IdOf(int number) => new(new Guid(number, 5, 5, new byte[8]));

    internal static Topic NewTopic(int number, string name) => new() { Id = IdOf(number), Name = name, PartitionCount = number, ReplicationFactor = 1 };

    internal static string Describe(Catalog catalog) =>
        $"""
        next producer id {catalog.NextProducerId}
        {string.Join('\n', catalog.Snapshot.Topics.Select(Describe).Order(StringComparer.Ordinal))}
        leaving {string.Join('\n', catalog.Leaving.Select(Describe).Order(StringComparer.Ordinal))}
        colliding {string.Join(' ', Enumerable.Range(0, 8).Select(name => catalog.CollidingName($"t_{name}") ?? "-"))}
        """;

    private static string Describe(Topic topic) =>
        $"{topic.Name} {topic.Id} {topic.PartitionCount} {topic.ReplicationFactor} {string.Join(',', topic.Configs.Select(pair => $"{pair.Key}={pair.Value}"))}";

    private static CatalogChange RandomChange(Random random, Catalog catalog, int step)
    {
        var name = $"t.{random.Next(8)}";
        var standing = catalog.Snapshot.Find(name);
        return random.Next(6) switch
        {
            0 => new ProducerIdsAllocated(step * 1_000L),
            1 when standing is not null => new TopicDeletionBegun(standing.Id),
            2 when catalog.Leaving.Count > 0 => new TopicRemoved(catalog.Leaving.First().Id),
            3 when standing is not null => new TopicPut(standing with { Configs = Configs }),
            4 when standing is not null => new TopicPut(standing with { PartitionCount = standing.PartitionCount + 1 }),
            _ => new TopicPut(standing ?? NewTopic(step, name)),
        };
    }

    private static void Apply(Catalog catalog, params CatalogChange[] changes)
    {
        foreach (var change in changes)
        {
            catalog.Apply(change, catalog.Snapshot.Version + 1);
        }
    }
}
