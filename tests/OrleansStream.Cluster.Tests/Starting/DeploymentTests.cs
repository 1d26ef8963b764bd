using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Azurite;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

// What Azure would be told to start, started here: its compiler knows nothing of the broker's switches.
public sealed partial class DeploymentTests
{
    private static readonly string Module = File.ReadAllText(Path.Combine(Repository.Root, "bicep", "modules", "broker.bicep"));

    [Fact]
    public async Task A_broker_starts_with_the_arguments_of_the_deployment_and_answers_its_probes()
    {
        await using var azurite = await AzuriteProcess.StartAsync(TestContext.Current.CancellationToken);
        var known = new Dictionary<string, string>
        {
            ["number"] = "3", ["address"] = "127.0.0.1", ["siloPort"] = Free(), ["kafkaPort"] = Free(), ["siloTarget"] = Free(), ["kafkaTarget"] = "0", ["httpTarget"] = "0",
            ["stopTimeout"] = Value("stopTimeout"), ["storageUrl"] = azurite.ConnectionString,
        };

        // Neither can be had here: an identity without Azure, and the line that says where it serves in another form than the one that is read.
        var arguments = Argument().Matches(Module).Select(match => match.Groups["argument"].Value)
            .Where(argument => !argument.Contains("ManagedIdentityClientId", StringComparison.Ordinal) && !argument.StartsWith("--Logging", StringComparison.Ordinal))
            .Select(argument => Hole().Replace(argument, hole => known[hole.Groups["name"].Value]).Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)).ToArray();
        await using var run = ServerRun.Start(arguments);
        await run.AnnouncedAsync();

        Assert.Contains("OrleansStream broker 3 serves", run.Output, StringComparison.Ordinal);
        Assert.Equal($"127.0.0.1:{known["kafkaPort"]}", run.Bootstrap);
        var probes = Probe().Matches(Module).Select(match => match.Groups["path"].Value).ToList();
        Assert.Equal(["/health/startup", "/health/ready", "/health/live"], probes);
        foreach (var probe in probes) Assert.Equal(200, (await run.AskAsync(probe)).Status);
    }

    // A second later than it was told the process ends in any case.
    [Fact]
    public void A_broker_of_the_deployment_ends_before_it_would_be_killed() =>
        Assert.True(TimeSpan.Parse(Value("stopTimeout"), CultureInfo.InvariantCulture) + TimeSpan.FromSeconds(1) < TimeSpan.FromSeconds(int.Parse(Value("graceSeconds"), CultureInfo.InvariantCulture)));

    private static string Free() => FreePorts.Take().ToString(CultureInfo.InvariantCulture);

    private static string Value(string name) => Regex.Match(Module, $@"^var {name} = '?(?<value>[^'\r\n]+)", RegexOptions.Multiline).Groups["value"].Value;

    [GeneratedRegex(@"^ *'(?<argument>--[^']+)'\r?$", RegexOptions.Multiline)]
    private static partial Regex Argument();

    [GeneratedRegex(@"\$\{(?<name>\w+)\}")]
    private static partial Regex Hole();

    [GeneratedRegex(@"path: '(?<path>[^']+)'")]
    private static partial Regex Probe();
}
