using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>What every scripted client has to find. One class for each client, so that they run side by side.</summary>
public abstract class ScriptedClientTests(BrokerUnderTest broker, ScriptedClient client)
{
    private const int Keys = 7;

    [Fact]
    public async Task It_creates_lists_and_deletes_a_topic()
    {
        var seen = await PlayAsync<AdminSeen>("admin");
        Assert.Equal(new(3, Listed: true, ListedAfterDelete: false), seen);
    }

    [Fact]
    public async Task It_reads_back_keys_values_and_headers_with_every_codec()
    {
        var seen = await PlayAsync<Dictionary<string, SeenRecord[]>>("codecs");
        Assert.Equal(client.Codecs, seen.Keys);
        Assert.All(seen.Values, records => AssertComplete(records, count: 100));
    }

    [Fact]
    public async Task Three_members_join_share_the_partitions_and_leave()
    {
        var seen = await PlayAsync<GroupSeen>("group");
        Assert.Equal([1, 2, 3, 2, 1], seen.Stages.Select(members => members.Length));
        Assert.All(seen.Stages, members => Assert.Equal([0, 1, 2], members.SelectMany(partitions => partitions).Order()));
        Assert.Equal(300, seen.Values);
    }

    [Fact]
    public async Task It_resumes_where_its_group_committed()
    {
        var (topic, group) = (broker.NewName($"{client.Name}-commit"), broker.NewName("group"));
        var first = await client.PlayAsync<OffsetsSeen>(broker.Bootstrap, "commit", topic, group);
        var second = await client.PlayAsync<OffsetsSeen>(broker.Bootstrap, "resume", topic, group);
        Assert.Equal(Enumerable.Range(0, 20).Select(offset => (long)offset), first.Offsets);
        Assert.Equal(Enumerable.Range(20, 30).Select(offset => (long)offset), second.Offsets);
    }

    [Fact]
    public async Task It_looks_up_offsets_by_timestamp()
    {
        var seen = await PlayAsync<TimesSeen>("timestamps");
        Assert.Equal(new(Before: 0, Exact: 4, After: 5, Late: null), seen);
    }

    /// <summary>Plays the scenario on a topic and a group that nobody else uses.</summary>
    private protected Task<T> PlayAsync<T>(string scenario) =>
        client.PlayAsync<T>(broker.Bootstrap, scenario, broker.NewName($"{client.Name}-{scenario}"), broker.NewName("group"));

    /// <summary>Every record once, each key in one partition and in order, offsets without a gap, headers where they belong.</summary>
    private protected static void AssertComplete(SeenRecord[] records, int count)
    {
        Assert.Equal(Enumerable.Range(0, count).Select(index => $"value {index}").Order(), records.Select(record => record.Value).Order());
        foreach (var key in records.GroupBy(record => record.Key))
        {
            Assert.Single(key.Select(record => record.Partition).Distinct());
            var numbers = key.OrderBy(record => record.Offset).Select(Number).ToList();
            Assert.Equal(numbers.Order(), numbers);
            Assert.All(numbers, number => Assert.Equal(key.Key, $"key {number % Keys}"));
        }
        foreach (var partition in records.GroupBy(record => record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, partition.Count()).Select(offset => (long)offset), partition.Select(record => record.Offset));
        }
        Assert.All(records, record => Assert.Equal($"header {Number(record)}", record.Header));
    }

    private static int Number(SeenRecord record) => int.Parse(record.Value["value ".Length..]);

    private sealed record AdminSeen(int Partitions, bool Listed, bool ListedAfterDelete);

    private sealed record GroupSeen(int[][][] Stages, int Values);

    private sealed record OffsetsSeen(long[] Offsets);

    private sealed record TimesSeen(long? Before, long? Exact, long? After, long? Late);
}
