using System.Collections;
using System.Reflection;
using OrleansStream.Kafka.Gateway.Dispatch;
using OrleansStream.Kafka.Gateway.Tests.Harness;
using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Declarations;
using OrleansStream.Kafka.Protocol.Framing;
using OrleansStream.Kafka.Protocol.Messages;
using OrleansStream.Kafka.Protocol.Primitives;

namespace OrleansStream.Kafka.Gateway.Tests.Handlers;

/// <summary>A defect of ours is told in the answer, and the connection goes on.</summary>
public class FailureTests
{
    public static TheoryData<ApiKey> All => [.. ApiTable.All.Select(api => api.Key)];

    [Fact]
    public async Task A_failed_request_is_answered_and_the_next_one_too()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders");
        var client = harness.Connect();
        harness.Cluster.OnOwnerAsked = static () => throw new InvalidOperationException("A defect.");

        var failed = (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -1), 5)).Only();
        var refused = (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9)).Only();
        harness.Cluster.OnOwnerAsked = static () => { };

        Assert.Equal((ErrorCode.UnknownServerError, 0), (failed.ErrorCode, failed.Index));
        Assert.Equal(ErrorCode.UnknownServerError, refused.ErrorCode);
        Assert.Equal(0, (await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "a"), 9)).Only().BaseOffset);
        Assert.Equal(1, (await client.AskAsync<ListOffsetsResponse>(Requests.ListOffsets("orders", -1), 5)).Only().Offset);
    }

    [Fact]
    public async Task Batches_before_the_one_that_failed_are_stored_and_acknowledged()
    {
        await using var harness = new GatewayHarness();
        harness.AddTopic("orders", partitions: 2);
        var client = harness.Connect();
        await client.AskAsync<ProduceResponse>(Requests.Produce("orders", "opens"), 9);
        harness.Cluster.OnOwnerAsked = static () => throw new InvalidOperationException("A defect.");
        var both = Requests.Produce("orders", "b");
        both.Topics[0].Partitions.Add(new() { Index = 1, Records = both.Topics[0].Partitions[0].Records });

        var answer = (await client.AskAsync<ProduceResponse>(both, 9)).Topics[0].Partitions;

        Assert.Equal([(ErrorCode.None, 1L), (ErrorCode.UnknownServerError, -1L)], answer.Select(static partition => (partition.ErrorCode, partition.BaseOffset)));
    }

    // Request and answer both have a HighWatermark, and it is not the same one.
    [Fact]
    public void A_failed_fetch_names_the_partition_and_nothing_else_of_the_request()
    {
        var request = new FetchRequest { Topics = { new() { Name = "orders", Partitions = { new() { Index = 1 } } } } };

        var answer = (FetchResponse)FailureAnswers.Of(request, 12, ErrorCode.UnknownServerError)!;
        var partition = answer.Topics[0].Partitions[0];
        Assert.Equal(("orders", 1, ErrorCode.UnknownServerError), (answer.Topics[0].Name, partition.Index, partition.ErrorCode));
        Assert.Equal(0, partition.Records!.Length);

        var newest = ((FetchResponse)FailureAnswers.Of(request, 18, ErrorCode.UnknownServerError)!).Topics[0].Partitions[0];
        Assert.NotEqual(long.MaxValue, newest.HighWatermark);
    }

    [Theory, MemberData(nameof(All))]
    public void Every_answer_tells_the_failure_in_each_of_its_versions(ApiKey key)
    {
        var api = ApiTable.Get(key);
        var type = typeof(IRequest).Assembly.GetTypes().Single(type => type.GetCustomAttribute<RequestAttribute>()?.Api == key);
        for (var version = api.MinVersion; version <= api.MaxVersion; version++)
        {
            var request = (IRequest)Sample(type);
            var answer = FailureAnswers.Of(request, version, ErrorCode.UnknownServerError);
            if (key == ApiKey.DescribeLogDirs && version < 3)
            {
                // These have no place for it: their connection is closed.
                Assert.Null(answer);
                continue;
            }

            using var writer = new ProtocolWriter();
            ResponseFrame.Write(writer, new RequestHeader(key, version, 7, "test"), answer!);
            var read = ResponseFrame.Read(writer.ToArray().AsMemory(sizeof(int)), key, version).Body;

            Assert.True(Tells(read), $"Version {version}.");
        }
    }

    // One of everything that a request may name.
    private static object Sample(Type type)
    {
        var sample = Activator.CreateInstance(type)!;
        foreach (var property in type.GetProperties().Where(static property => property.CanWrite && property.PropertyType.IsGenericType && property.PropertyType.GetGenericTypeDefinition() == typeof(List<>)))
        {
            var item = property.PropertyType.GetGenericArguments()[0];
            var list = (IList)Activator.CreateInstance(property.PropertyType)!;
            list.Add(item == typeof(string) ? "named" : Sample(item));
            property.SetValue(sample, list);
        }

        return sample;
    }

    private static bool Tells(object answer) => answer.GetType().GetProperties().Where(static property => property.CanWrite).Any(property =>
        property.GetValue(answer) switch
        {
            ErrorCode error => error == ErrorCode.UnknownServerError,
            IList list and not Array => list.Cast<object>().Any(static item => item is not string && !item.GetType().IsPrimitive && Tells(item)),
            _ => false,
        });
}
