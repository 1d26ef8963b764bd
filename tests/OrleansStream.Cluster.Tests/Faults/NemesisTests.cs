using OrleansStream.Testing.Clusters;

namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>A cluster of real processes under load and under faults. infra/nemesis.sh makes the run longer, and another one.</summary>
public sealed class NemesisTests(ITestOutputHelper output)
{
    [Fact]
    public Task One_fault_of_each_kind_breaks_no_promise() => TryAsync(ClusterUnderTest.Create, NemesisOptions.FromEnvironment());

    [Fact]
    public Task Nor_does_it_of_one_broker_on_files() => TryAsync(ClusterUnderTest.OnFiles, NemesisOptions.Usual);

    private async Task TryAsync(Func<string, BrokerCluster> create, NemesisOptions options)
    {
        var directory = Directory.CreateTempSubdirectory("orleansstream-nemesis-");
        NemesisReport report;
        await using (var cluster = create(directory.FullName))
        {
            report = await new NemesisRun(cluster, options, output.WriteLine).ExecuteAsync();
        }
        output.WriteLine(report.ToMarkdown());
        if (options.ReportFile is { } file) await File.WriteAllTextAsync(file, report.ToMarkdown(), TestContext.Current.CancellationToken);

        Assert.True(report.Violations.Count == 0, $"{report}\nLogs are still in {directory.FullName}.");
        Assert.True(report.Rounds.Count > 0 && !report.History.Polls.IsEmpty, $"{report}");
        directory.Delete(recursive: true);
    }
}
