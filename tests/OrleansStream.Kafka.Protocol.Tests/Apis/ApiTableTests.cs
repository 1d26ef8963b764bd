using OrleansStream.Kafka.Protocol.Apis;
using OrleansStream.Kafka.Protocol.Messages;

namespace OrleansStream.Kafka.Protocol.Tests.Apis;

public class ApiTableTests
{
    [Fact]
    public void Every_key_has_one_row_and_rows_ascend() =>
        Assert.Equal(Enum.GetValues<ApiKey>().Order(), ApiTable.All.Select(row => row.Key));

    [Fact]
    public void Every_row_is_found_by_its_key_and_nothing_else_is_found()
    {
        for (int key = short.MinValue; key <= short.MaxValue; key++)
            Assert.Equal(ApiTable.All.SingleOrDefault(row => (short)row.Key == key), ApiTable.Find((short)key));
    }

    [Fact]
    public void Only_produce_advertises_versions_that_it_does_not_implement() =>
        Assert.Equal([ApiKey.Produce], ApiTable.All.Where(row => row.AdvertisedMin != row.MinVersion).Select(row => row.Key));

    // What librdkafka 2.0.2 looks for before it switches on a feature.
    [Theory]
    [InlineData(ApiKey.Produce, 0), InlineData(ApiKey.Produce, 3), InlineData(ApiKey.Produce, 7), InlineData(ApiKey.Fetch, 4), InlineData(ApiKey.Fetch, 10)]
    [InlineData(ApiKey.ListOffsets, 1), InlineData(ApiKey.FindCoordinator, 0), InlineData(ApiKey.JoinGroup, 0), InlineData(ApiKey.SyncGroup, 0)]
    [InlineData(ApiKey.Heartbeat, 0), InlineData(ApiKey.LeaveGroup, 0), InlineData(ApiKey.OffsetCommit, 2), InlineData(ApiKey.OffsetFetch, 1)]
    [InlineData(ApiKey.InitProducerId, 0), InlineData(ApiKey.ApiVersions, 0)]
    public void Old_clients_find_the_versions_that_they_test_for(ApiKey key, short version)
    {
        var shown = ApiTable.Advertised().Single(api => api.Api == key);

        Assert.InRange(version, shown.MinVersion, shown.MaxVersion);
    }

    [Fact]
    public void The_list_of_advertised_apis_is_the_callers_own()
    {
        ApiTable.Advertised().Clear();

        Assert.Equal(ApiTable.All.Count, ApiTable.Advertised().Count);
    }

    [Theory, InlineData(2, 1, 0), InlineData(3, 2, 0), InlineData(4, 2, 0), InlineData(99, 2, 0)]
    public void Api_versions_has_flexible_request_headers_and_fixed_response_headers(short version, short request, short response)
    {
        var row = ApiTable.Get(ApiKey.ApiVersions);

        Assert.Equal((request, response), (row.RequestHeaderVersion(version), row.ResponseHeaderVersion(version)));
    }

    [Fact]
    public void The_table_in_the_documentation_is_the_table_in_the_code()
    {
        using var reader = new StreamReader(typeof(ApiTableTests).Assembly.GetManifestResourceStream("README.md")!);
        var documented = reader.ReadToEnd().Split('\n').SkipWhile(line => !line.StartsWith("| Key |")).Skip(2).TakeWhile(line => line.StartsWith('|'));

        Assert.Equal(ApiTable.All.Select(Row), documented);
    }

    private static string Row(ApiDescription row) =>
        $"| {(short)row.Key} | {row.Name} | {row.MinVersion}-{row.MaxVersion} | {row.AdvertisedMin}-{row.MaxVersion} | {row.FlexibleFrom?.ToString() ?? "never"} |";
}
