using OrleansStream.Interop.Tests.Brokers;
using OrleansStream.Interop.Tests.Confluent;

namespace OrleansStream.Interop.Tests.BadInput;

/// <summary>Well-formed requests that ask for what cannot be: answered with Kafka's codes, and nothing changes.</summary>
public sealed class BadWishTests(BrokerUnderTest broker)
{
    private const int OffsetCommit = 8;
    private const int OffsetFetch = 9;
    private const int JoinGroup = 11;
    private const int FindCoordinator = 10;
    private const int Heartbeat = 12;
    private const int LeaveGroup = 13;
    private const int SyncGroup = 14;
    private const int CreateTopics = 19;
    private const int DeleteTopics = 20;
    private const int DeleteGroups = 42;
    private const int IncrementalAlterConfigs = 44;

    [Theory]
    [InlineData("bad/name", 1, null, 17)]
    [InlineData("..", 1, null, 17)]
    [InlineData("", 1, null, 17)]
    [InlineData("good-name", 0, null, 37)]
    [InlineData("good-name", -2, null, 37)]
    [InlineData("good-name", 1, "retention.ms=soon", 40)]
    [InlineData("good-name", 1, "no.such.config=1", 40)]
    public async Task A_topic_that_cannot_be_is_not_created(string name, int partitions, string? config, int expected)
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var topic = name == "good-name" ? broker.NewName("never") : name;

        Assert.Equal(expected, await CreateAsync(connection, topic, partitions, config));
        if (name == "good-name") Assert.Equal(3, await DeleteAsync(connection, topic));
    }

    [Fact]
    public async Task A_topic_that_exists_is_not_created_again()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var topic = broker.NewName("twice");

        Assert.Equal(0, await CreateAsync(connection, topic, 1, null));
        Assert.Equal(36, await CreateAsync(connection, topic, 1, null));
        Assert.Equal(0, await DeleteAsync(connection, topic));
    }

    [Fact]
    public async Task An_illegal_config_changes_nothing()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var topic = broker.NewName("config");
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);

        Assert.Equal(40, await AlterAsync(connection, topic, "retention.ms", "soon"));
        Assert.Equal(40, await AlterAsync(connection, topic, "no.such.config", "1"));
        Assert.Equal(3, await AlterAsync(connection, broker.NewName("nowhere"), "retention.ms", "1000"));
        Assert.Equal(0, await AlterAsync(connection, topic, "retention.ms", "1000"));
    }

    [Fact]
    public async Task A_group_that_nobody_knows_has_no_members_and_no_offsets()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var group = broker.NewName("nobody");
        await AwaitCoordinatorAsync(connection, group);

        Assert.Equal(25, await CodeAsync(connection, Heartbeat, 0, body => body.Text(group).Int32(1).Text("member")));
        Assert.Equal(25, await CodeAsync(connection, LeaveGroup, 0, body => body.Text(group).Text("member")));
        Assert.Equal(25, await CodeAsync(connection, SyncGroup, 0, body => body.Text(group).Int32(1).Text("member").Int32(0)));
        Assert.Equal(24, await JoinCodeAsync(connection, "", "", 10_000));
        Assert.Equal(26, await JoinCodeAsync(connection, group, "", 1));
        Assert.Equal(25, await JoinCodeAsync(connection, group, "member", 10_000));
        var deleted = await connection.AskAsync(DeleteGroups, 0, body => body.Int32(1).Text(group));
        Assert.Equal((1, group, 69), (deleted.Skip(4).Int32(), deleted.Text(), deleted.Int16()));
    }

    [Fact]
    public async Task A_stale_generation_and_an_unknown_member_commit_nothing()
    {
        using var connection = await RawConnection.OpenAsync(broker.Bootstrap);
        var (topic, group) = (broker.NewName("commits"), broker.NewName("members"));
        await ConfluentClients.CreateTopicAsync(broker.Bootstrap, topic, partitions: 1);
        await AwaitCoordinatorAsync(connection, group);
        Assert.Equal(22, await CommitAsync(connection, group, 5, "member", topic, 0));
        var joined = await connection.AskAsync(JoinGroup, 0, body => Join(body, group, "", 10_000));
        Assert.Equal(0, joined.Int16());
        var generation = joined.Int32();
        joined.Text();
        joined.Text();
        var member = joined.Text()!;

        Assert.Equal(27, await CommitAsync(connection, group, generation, member, topic, 0));
        Assert.Equal(0, await CodeAsync(connection, SyncGroup, 0, body => body.Text(group).Int32(generation).Text(member).Int32(1).Text(member).Bytes([])));

        Assert.Equal(22, await CodeAsync(connection, Heartbeat, 0, body => body.Text(group).Int32(generation - 1).Text(member)));
        Assert.Equal(22, await CommitAsync(connection, group, generation - 1, member, topic, 0));
        Assert.Equal(25, await CommitAsync(connection, group, generation, "stranger", topic, 0));
        Assert.Equal(25, await CommitAsync(connection, group, -1, "", topic, 0));
        Assert.Equal(3, await CommitAsync(connection, group, generation, member, topic, 9));
        Assert.Equal(-1, await CommittedAsync(connection, group, topic));
        Assert.Equal(0, await CommitAsync(connection, group, generation, member, topic, 0));
        Assert.Equal(7, await CommittedAsync(connection, group, topic));
    }

    // A coordinator may have to be found, and to read what it keeps, before it answers as itself: 14, 15 and 16 until then.
    private static async Task AwaitCoordinatorAsync(RawConnection connection, string group) => await Eventually.BecomesAsync(
        async () =>
        {
            await connection.AskAsync(FindCoordinator, 0, body => body.Text(group));
            return await CodeAsync(connection, Heartbeat, 0, body => body.Text(group).Int32(1).Text("nobody"));
        },
        static code => code == 25,
        "a coordinator that knows no such member");

    private static async Task<int> CreateAsync(RawConnection connection, string topic, int partitions, string? config)
    {
        var answer = await connection.AskAsync(CreateTopics, 2, body =>
        {
            body.Int32(1).Text(topic).Int32(partitions).Int16(1).Int32(0).Int32(config is null ? 0 : 1);
            if (config?.Split('=') is { } pair) body.Text(pair[0]).Text(pair[1]);
            body.Int32(30_000).Int8(0);
        });
        Assert.Equal((1, topic), (answer.Skip(4).Int32(), answer.Text()));
        return answer.Int16();
    }

    private static async Task<int> DeleteAsync(RawConnection connection, string topic)
    {
        var answer = await connection.AskAsync(DeleteTopics, 1, body => body.Int32(1).Text(topic).Int32(30_000));
        Assert.Equal((1, topic), (answer.Skip(4).Int32(), answer.Text()));
        return answer.Int16();
    }

    private static async Task<int> AlterAsync(RawConnection connection, string topic, string name, string value)
    {
        var answer = await connection.AskAsync(IncrementalAlterConfigs, 0, body => body.Int32(1).Int8(2).Text(topic).Int32(1).Text(name).Int8(0).Text(value).Int8(0));
        Assert.Equal(1, answer.Skip(4).Int32());
        return answer.Int16();
    }

    private static async Task<int> CodeAsync(RawConnection connection, int apiKey, int version, Action<WireWriter> body) =>
        (await connection.AskAsync(apiKey, version, body)).Int16();

    private static Task<int> JoinCodeAsync(RawConnection connection, string group, string member, int sessionMs) =>
        CodeAsync(connection, JoinGroup, 0, body => Join(body, group, member, sessionMs));

    private static void Join(WireWriter body, string group, string member, int sessionMs) =>
        body.Text(group).Int32(sessionMs).Text(member).Text("consumer").Int32(1).Text("range").Bytes([]);

    private static async Task<int> CommitAsync(RawConnection connection, string group, int generation, string member, string topic, int partition)
    {
        var answer = await connection.AskAsync(OffsetCommit, 2, body => body
            .Text(group).Int32(generation).Text(member).Int64(-1).Int32(1).Text(topic).Int32(1).Int32(partition).Int64(7).Text(""));
        Assert.Equal((1, topic, 1, partition), (answer.Int32(), answer.Text(), answer.Int32(), answer.Int32()));
        return answer.Int16();
    }

    private static async Task<long> CommittedAsync(RawConnection connection, string group, string topic)
    {
        var answer = await connection.AskAsync(OffsetFetch, 1, body => body.Text(group).Int32(1).Text(topic).Int32(1).Int32(0));
        Assert.Equal((1, topic, 1, 0), (answer.Int32(), answer.Text(), answer.Int32(), answer.Int32()));
        return answer.Int64();
    }
}
