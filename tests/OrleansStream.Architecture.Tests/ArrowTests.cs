using System.Xml.Linq;

namespace OrleansStream.Architecture.Tests;

public sealed class ArrowTests
{
    // Who may use whom. An arrow that is not here needs a reason that would stand in docs/ARCHITECTURE.md.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Model"] = [],
        ["Log"] = ["Model"],
        ["Log.Files"] = ["Log", "Model"],
        ["Log.AzureBlobs"] = ["Log", "Model"],
        ["Clustering.AzureTables"] = [],
        ["Coordination"] = ["Model"],
        ["Abstractions"] = ["Model"],
        ["Grains"] = ["Abstractions", "Log", "Coordination", "Model"],
        ["Kafka.Protocol"] = ["Model", "Kafka.Generator"],
        ["Kafka.Generator"] = [],
        ["Kafka.Gateway"] = ["Kafka.Protocol", "Abstractions", "Log", "Coordination", "Model"],
        ["Server"] = ["Model", "Log", "Log.Files", "Log.AzureBlobs", "Clustering.AzureTables", "Coordination", "Abstractions", "Grains", "Kafka.Protocol", "Kafka.Gateway"],
    };

    // Of these projects the gateway may see one namespace only.
    private static readonly string[] GatewayMayNotUse =
    [
        "OrleansStream.Log.Lanes", "OrleansStream.Log.Manifests", "OrleansStream.Log.Storage", "OrleansStream.Log.Segments", "OrleansStream.Log.Retention",
        "OrleansStream.Coordination.Groups", "OrleansStream.Coordination.Transactions",
    ];

    public static TheoryData<string> SourceProjects => new(Repository.Projects("src").Select(Short));

    [Theory, MemberData(nameof(SourceProjects))]
    public void A_project_uses_only_those_it_may(string project)
    {
        Assert.True(Allowed.ContainsKey(project), $"{project} is not in the table of arrows: add it with its reason.");

        var path = Repository.Projects("src").Single(candidate => Short(candidate) == project);
        var used = XDocument.Load(path).Descendants("ProjectReference").Select(reference => Short((string)reference.Attribute("Include")!));

        Findings.None(used.Except(Allowed[project]));
    }

    [Fact]
    public void The_gateway_sees_of_the_log_what_serves_and_of_coordination_what_places()
    {
        var found = Repository.Sources("src")
            .Where(file => file.Path.StartsWith("src/OrleansStream.Kafka.Gateway/", StringComparison.Ordinal))
            .SelectMany(file => GatewayMayNotUse.Where(name => file.Text.Contains($"using {name}", StringComparison.Ordinal)).Select(name => $"{file.Path} uses {name}"));

        Findings.None(found);
    }

    [Fact]
    public void Only_a_project_s_own_tests_see_its_internals()
    {
        var strangers =
            from path in Repository.Projects("src")
            let project = Short(path)
            from friend in XDocument.Load(path).Descendants("InternalsVisibleTo")
            let name = (string)friend.Attribute("Include")!
            where name != $"OrleansStream.{project}.Tests" && name != "OrleansStream.Simulation"
            select $"{project} shows its internals to {name}";

        Findings.None(strangers);
    }

    private static string Short(string path) => Path.GetFileNameWithoutExtension(path)["OrleansStream.".Length..];
}
