namespace OrleansStream.Cluster.Tests.Faults;

/// <summary>A cluster of real processes under load and under faults. infra/nemesis.sh makes the run longer, and another one.</summary>
public sealed class NemesisTests(ITestOutputHelper output)
{
    [Fact]
    public async Task One_fault_of_each_kind_breaks_no_promise()
    {
        var options = NemesisOptions.FromEnvironment();
        var directory = Directory.CreateTempSubdirectory("orleansstream-nemesis-");
        NemesisReport report;
        await using (var cluster = ClusterUnderTest.Create(directory.FullName))
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
