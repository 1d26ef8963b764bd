using System.Text.RegularExpressions;
using Confluent.Kafka;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed partial class MetricsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-metrics-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task What_a_broker_shows_is_what_the_page_lists()
    {
        await using var run = await ServerRun.ServeAsync(_directory.FullName, "--OrleansStream:Metrics:PerPartition=true");
        await StoredLog.ProduceAsync(run.Bootstrap);

        var shown = (await run.GetAsync("/metrics")).Split('\n').Select(line => Head().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value).ToHashSet();

        var page = await PageAsync();
        Assert.Equal(Listed().Matches(page).Select(match => match.Groups["name"].Value).Distinct().Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_a_broker_of_a_cluster_shows_is_what_the_page_lists_but_for_that_of_files()
    {
        await using var azurite = await AzuriteProcess.StartAsync(TestContext.Current.CancellationToken);
        var storage = new Dictionary<string, string> { ["OrleansStream__Storage"] = azurite.ConnectionString };
        string[] addresses = ["--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "--silo", $"127.0.0.1:{FreePorts.Take()}"];
        await using var run = ServerRun.Start(storage, ["--id", "7", "--OrleansStream:Metrics:PerPartition=true", "--OrleansStream:WriteBudget:OperationsPerSecond=1000", .. addresses]);
        await run.AnnouncedAsync();
        await StoredLog.ProduceAsync(run.Bootstrap);

        var text = await run.GetAsync("/metrics");

        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations", "metrics.md"));
        var listed = Listed().Matches(page).Select(match => match.Groups["name"].Value).Where(static name => !OfFiles().IsMatch(name)).Distinct();
        Assert.Equal(listed.Order(StringComparer.Ordinal), text.Split('\n').Select(line => Head().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value).Order(StringComparer.Ordinal));
        Assert.True(Number(text, "orleansstream_lane_blocks_total") > 0);
        Assert.True(Number(text, "orleansstream_storage_writes_total{kind=\"blocks\"}") > 0);
        Assert.True(Number(text, "orleansstream_storage_call_duration_seconds_count{operation=\"put\",outcome=\"done\"}") > 0);
        Assert.True(Number(text, "orleansstream_storage_call_duration_seconds_count{operation=\"read\",outcome=\"missing\"}") >= 0);
        Assert.True(Number(text, "orleansstream_partitions_claim_duration_seconds_count{outcome=\"claimed\"}") > 0);
        Assert.Equal(0, Number(text, "orleansstream_partitions_release_duration_seconds_count{outcome=\"released\"}"));
        Assert.Equal(0, Number(text, "orleansstream_sessions_recovery_duration_seconds_count{outcome=\"recovered\"}"));
        Assert.True(Number(text, $"orleansstream_topic_writes_total{{topic=\"{StoredLog.Topic}\"}}") > 0);
    }

    // A rate in Prometheus does not see a line that begins at one. Labels of errors are what clients do wrong: those lines come with the first of each.
    [Fact]
    public async Task Counters_and_histograms_stand_at_zero_before_their_first_event()
    {
        await using var run = await ServerRun.ServeAsync(_directory.FullName);
        var text = await run.GetAsync("/metrics");

        var missing = new List<string>();
        foreach (var row in (await PageAsync()).Split('\n'))
        {
            if (Row().Match(row) is not { Success: true } match || match.Groups["labels"].Value == "api, code") continue;
            var suffix = match.Groups["kind"].Value == "histogram" ? "_count" : "";
            var label = match.Groups["labels"].Value switch { "api" => "{api=\"Produce\"}", "kind" => "{kind=\"RebalanceStarted\"}", var other => other };
            missing.AddRange(Listed().Matches(match.Groups["names"].Value).Select(name => name.Groups["name"].Value + suffix + label).Where(line => !text.Contains($"\n{line} ", StringComparison.Ordinal)));
        }

        Assert.Empty(missing);
        Assert.Equal(0, Number(text, "orleansstream_gateway_malformed_total"));
        Assert.Equal(0, Number(text, "orleansstream_gateway_request_duration_seconds_bucket{api=\"Produce\",le=\"+Inf\"}"));
        Assert.DoesNotContain("\norleansstream_gateway_request_duration_seconds_count ", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Traffic_shows_in_flushes_syncs_requests_and_the_delay_of_waiting_fetches()
    {
        await using var run = await ServerRun.ServeAsync(_directory.FullName, "--OrleansStream:Metrics:PerPartition=true");
        var config = new ConsumerConfig { BootstrapServers = run.Bootstrap, GroupId = "reads", AutoOffsetReset = AutoOffsetReset.Earliest, FetchWaitMaxMs = 5_000, AllowAutoCreateTopics = true };
        await StoredLog.ProduceAsync(run.Bootstrap);
        using (var consumer = new ConsumerBuilder<Ignore, byte[]>(config).Build())
        {
            // The first fetch past the end waits; the records that come then end its wait.
            consumer.Assign(new TopicPartitionOffset(StoredLog.Topic, 0, StoredLog.Records));
            var consumed = Task.Run(() => consumer.Consume(TimeSpan.FromSeconds(30)));
            while (Number(await run.GetAsync("/metrics"), "orleansstream_gateway_waiters_fetch") == 0) await Task.Yield();
            await StoredLog.ProduceAsync(run.Bootstrap);
            Assert.NotNull(await consumed);
        }

        var text = await run.GetAsync("/metrics");

        Assert.True(Number(text, "orleansstream_lane_flush_duration_seconds_count") >= StoredLog.Records);
        Assert.True(Number(text, "orleansstream_lane_flush_size_bytes_sum") >= StoredLog.Records * 4096);
        Assert.True(Number(text, "orleansstream_wal_sync_duration_seconds_count") >= StoredLog.Records);
        Assert.True(Number(text, "orleansstream_gateway_request_duration_seconds_count{api=\"Produce\"}") >= StoredLog.Records);
        Assert.True(Number(text, "orleansstream_gateway_append_to_fetch_duration_seconds_count") >= 1);
        Assert.Equal(2 * StoredLog.Records, Number(text, $"orleansstream_partition_high_watermark{{topic=\"{StoredLog.Topic}\",partition=\"0\"}}"));
        Assert.InRange(Number(text, "orleansstream_tail_cache_bytes"), 1, Number(text, "orleansstream_tail_cache_bound_bytes"));
    }

    [Fact]
    public async Task Partitions_have_no_lines_of_their_own_unless_asked_for()
    {
        await using var run = await ServerRun.ServeAsync(_directory.FullName);
        await StoredLog.ProduceAsync(run.Bootstrap);

        Assert.DoesNotContain("topic=", await run.GetAsync("/metrics"), StringComparison.Ordinal);
    }

    // Of a broker whose log is on files: what one on blobs shows stands in a chapter of its own.
    private static async Task<string> PageAsync()
    {
        var page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "operations", "metrics.md"));
        return page[..page.IndexOf("## Storage on blobs", StringComparison.Ordinal)];
    }

    private static double Number(string text, string line) =>
        double.Parse(text.Split('\n').Single(candidate => candidate.StartsWith(line + " ", StringComparison.Ordinal))[(line.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex("^orleansstream_(wal|disk|cold_reads|log_recovery|partitions_start)_")]
    private static partial Regex OfFiles();

    [GeneratedRegex("^# TYPE (?<name>orleansstream_[a-z_]+) ")]
    private static partial Regex Head();

    // Names, labels in braces, kind.
    [GeneratedRegex(@"^\| (?<names>`[^|{]*?) (\{(?<labels>[a-z, ]+)\} )?\| (?<kind>counter|histogram) \|")]
    private static partial Regex Row();

    [GeneratedRegex(@"`(?<name>orleansstream_[a-z_]+)`")]
    private static partial Regex Listed();
}
