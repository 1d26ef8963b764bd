using Confluent.Kafka;
using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;
using OrleansStream.Interop.Tests.Scripts;

namespace OrleansStream.Interop.Tests.Kcat;

/// <summary>kcat, as Debian packages it, on an old librdkafka. It has no admin interface: topics are made by another client, or by themselves.</summary>
public sealed class KcatTests(BrokerUnderTest broker)
{
    private const int Partitions = 3;

    [Fact]
    public async Task Kcat_lists_brokers_and_topics()
    {
        var topic = await NewTopicAsync("kcat-list");
        var listing = await RunAsync(["-L", "-t", topic]);
        Assert.Contains($"at {broker.Bootstrap}", listing);
        Assert.Contains($"topic \"{topic}\" with {Partitions} partitions", listing);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task Kcat_reads_back_what_it_produced_with(string codec)
    {
        var topic = await NewTopicAsync($"kcat-{codec}");
        var input = string.Join('\n', Enumerable.Range(0, 200).Select(index => $"key {index % 7}:value {index} {new string('x', index)}"));
        await RunAsync(["-P", "-t", topic, "-K", ":", "-H", "note=a header", "-z", codec, "-X", "enable.idempotence=true"], input);

        var output = await RunAsync(["-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%p|%o|%k|%s|%h\\n"]);

        var read = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|')).ToList();
        Assert.Equal(input.Split('\n').Order(), read.Select(record => $"{record[2]}:{record[3]}").Order());
        Assert.All(read, record => Assert.Equal("note=a header", record[4]));
        foreach (var key in read.GroupBy(record => record[2]))
        {
            Assert.Single(key.Select(record => record[0]).Distinct());
            var numbers = key.OrderBy(record => long.Parse(record[1])).Select(record => int.Parse(record[3].Split(' ')[1])).ToList();
            Assert.Equal(numbers.Order(), numbers);
        }
    }

    [Fact]
    public async Task Kcat_reads_from_an_offset_from_the_end_and_from_a_time()
    {
        var topic = broker.NewName("kcat-offsets");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - 100_000;
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        for (var index = 0; index < 10; index++)
        {
            await producer.ProduceAsync(topic, new() { Key = "key", Value = $"{index}", Timestamp = new(start + (index * 1000), TimestampType.CreateTime) });
        }

        Assert.Equal("6789", await ReadAsync(topic, "6"));
        Assert.Equal("89", await ReadAsync(topic, "-2"));
        Assert.Equal("56789", await ReadAsync(topic, $"s@{start + 4001}"));
        Assert.Contains("offset 4", await RunAsync(["-Q", "-t", $"{topic}:0:{start + 4000}"]));
        Assert.Contains("offset 0", await RunAsync(["-Q", "-t", $"{topic}:0:-2"]));
        Assert.Contains("offset 10", await RunAsync(["-Q", "-t", $"{topic}:0:-1"]));
    }

    [Fact]
    public async Task Three_kcats_join_a_group_share_the_partitions_and_leave()
    {
        var topic = await NewTopicAsync("kcat-group");
        var group = broker.NewName("group");
        var members = new List<KcatMember>();
        var values = new List<string>();
        try
        {
            for (var count = 1; count <= 3; count++)
            {
                members.Add(new(broker.Bootstrap, group, topic));
                await SharedByAsync(members);
            }
            var input = Enumerable.Range(0, 100).Select(index => $"value {index}").ToList();
            await RunAsync(["-P", "-t", topic, "-K", ":"], string.Join('\n', input.Select((value, index) => $"key {index}:{value}")));
            await Eventually.BecomesAsync(() => Task.FromResult(members.Sum(member => member.Values.Length)), count => count == 100, "100 records");
            Assert.Equal(input.Order(), members.SelectMany(member => member.Values).Order());

            for (var left = 2; left >= 1; left--)
            {
                await members[0].DisposeAsync();
                members.RemoveAt(0);
                await SharedByAsync(members);
            }
        }
        finally
        {
            foreach (var member in members) await member.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_kcat_group_resumes_where_the_last_member_committed()
    {
        var topic = await NewTopicAsync("kcat-resume");
        var group = broker.NewName("group");
        await RunAsync(["-P", "-t", topic, "-K", ":"], "a:1\nb:2\nc:3\nd:4\n");
        var first = new KcatMember(broker.Bootstrap, group, topic);
        await Eventually.BecomesAsync(() => Task.FromResult(first.Values.Length), count => count == 4, "four records");
        await first.DisposeAsync();

        await RunAsync(["-P", "-t", topic, "-K", ":"], "e:5\n");
        await using var second = new KcatMember(broker.Bootstrap, group, topic);
        await Eventually.BecomesAsync(() => Task.FromResult(second.Values.Length), count => count > 0, "the fifth record");
        Assert.Equal(["5"], second.Values);
    }

    private static Task<string> SharedByAsync(List<KcatMember> members) => Eventually.BecomesAsync(
        () => Task.FromResult(string.Join(" | ", members.Select(member => string.Join(',', member.Owned)))),
        _ => members.All(member => member.Owned.Length > 0) && members.SelectMany(member => member.Owned).Order().SequenceEqual([0, 1, 2]),
        $"{members.Count} members own the three partitions");

    private async Task<string> NewTopicAsync(string purpose)
    {
        var topic = broker.NewName(purpose);
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, Partitions);
        return topic;
    }

    private async Task<string> ReadAsync(string topic, string from) =>
        (await RunAsync(["-C", "-t", topic, "-p", "0", "-o", from, "-e", "-q"])).Replace("\n", "", StringComparison.Ordinal);

    private Task<string> RunAsync(IEnumerable<string> arguments, string input = "") =>
        ExternalTool.RunAsync("kcat", ["-b", broker.Bootstrap, .. arguments], input);
}
