using Confluent.Kafka;
using Confluent.Kafka.Admin;
using OrleansStream.Interop.Tests.Brokers;

namespace OrleansStream.Interop.Tests.Confluent;

/// <summary>Consumer groups with Confluent.Kafka.</summary>
public sealed class ConfluentGroupTests(BrokerUnderTest broker)
{
    private const int Partitions = 6;

    [Theory]
    [InlineData(PartitionAssignmentStrategy.Range)]
    [InlineData(PartitionAssignmentStrategy.CooperativeSticky)]
    public async Task Three_confluent_consumers_join_share_and_leave(PartitionAssignmentStrategy strategy)
    {
        var topic = broker.NewName("confluent-group");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, Partitions);
        var group = broker.NewName("group");
        var members = new List<GroupMember>();
        try
        {
            foreach (var count in (int[])[1, 2, 3])
            {
                members.Add(new(broker.Bootstrap, group, topic, strategy));
                await SharedByAsync(members, Partitions / count);
            }

            await ProduceAsync(topic, 600);
            await Eventually.BecomesAsync(() => Task.FromResult(members.Sum(member => member.Records)), count => count == 600, "600 records read by the three");
            Assert.All(members, member => Assert.True(member.Records > 0, "Every member has read its share."));

            foreach (var left in (int[])[2, 1])
            {
                await members[0].DisposeAsync();
                members.RemoveAt(0);
                await SharedByAsync(members, Partitions / left);
            }
        }
        finally
        {
            foreach (var member in members) await member.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_confluent_group_resumes_where_it_committed_and_is_described_and_deleted()
    {
        var topic = broker.NewName("confluent-commit");
        var group = broker.NewName("group");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, 1);
        await ProduceAsync(topic, 100);
        Assert.Equal(0, ReadAndCommit(topic, group, 40)[0].Offset.Value);
        Assert.Equal(40, ReadAndCommit(topic, group, 10)[0].Offset.Value);

        using var admin = ConfluentClients.Admin(broker.Bootstrap);
        var committed = await admin.ListConsumerGroupOffsetsAsync([new(group, [new(topic, 0)])]);
        Assert.Equal(50, committed.Single().Partitions.Single().Offset.Value);
        Assert.Contains((await admin.ListConsumerGroupsAsync()).Valid, found => found.GroupId == group);
        var described = await admin.DescribeConsumerGroupsAsync([group]);
        Assert.Equal(ConsumerGroupState.Empty, described.ConsumerGroupDescriptions.Single().State);

        await admin.DeleteGroupsAsync([group]);
        Assert.DoesNotContain((await admin.ListConsumerGroupsAsync()).Valid, found => found.GroupId == group);
    }

    [Fact]
    public async Task A_static_confluent_member_comes_back_to_the_same_partitions_without_a_rebalance()
    {
        var topic = broker.NewName("confluent-static");
        var group = broker.NewName("group");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, Partitions);
        await using var stays = new GroupMember(broker.Bootstrap, group, topic, PartitionAssignmentStrategy.Range, "stays");
        var leaves = new GroupMember(broker.Bootstrap, group, topic, PartitionAssignmentStrategy.Range, "leaves");
        await SharedByAsync([stays, leaves], Partitions / 2);
        var (before, had) = (stays.Assignments, string.Join(',', leaves.Owned.Order()));

        await leaves.DisposeAsync();
        await using var returned = new GroupMember(broker.Bootstrap, group, topic, PartitionAssignmentStrategy.Range, "leaves");
        await SharedByAsync([stays, returned], Partitions / 2);
        Assert.Equal(had, string.Join(',', returned.Owned.Order()));
        Assert.Equal(before, stays.Assignments);
    }

    private static Task<string> SharedByAsync(List<GroupMember> members, int each) => Eventually.BecomesAsync(
        () => Task.FromResult(string.Join(" | ", members.Select(member => string.Join(',', member.Owned.Order())))),
        _ => members.All(member => member.Owned.Count == each) && members.SelectMany(member => member.Owned).Distinct().Count() == Partitions,
        $"{members.Count} members own {each} of {Partitions} partitions each");

    private async Task ProduceAsync(string topic, int records)
    {
        using var producer = ConfluentClients.Producer(broker.Bootstrap);
        await Task.WhenAll(Enumerable.Range(0, records).Select(index => producer.ProduceAsync(topic, new() { Key = $"key {index}", Value = $"{index}" })));
    }

    private List<ConsumeResult<string, string>> ReadAndCommit(string topic, string group, int records)
    {
        using var consumer = new ConsumerBuilder<string, string>(ConfluentClients.GroupConfig(broker.Bootstrap, group)).Build();
        consumer.Subscribe(topic);
        var read = ConfluentClients.Read(consumer, records);
        consumer.Commit(read[^1]);
        consumer.Close();
        return read;
    }
}
