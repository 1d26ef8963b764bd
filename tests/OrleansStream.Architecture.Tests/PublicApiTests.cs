using System.Reflection;
using System.Text;

namespace OrleansStream.Architecture.Tests;

// What others may build on stands in a file beside the project, so that a change to it is a change that a reviewer sees.
public sealed class PublicApiTests
{
    private const string Update = "UPDATE_PUBLIC_API";

    public static TheoryData<string> Libraries => ["Model", "Log", "Log.Files", "Log.AzureBlobs", "Clustering.AzureTables", "Coordination", "Abstractions", "Kafka.Protocol"];

    [Theory, MemberData(nameof(Libraries))]
    public void The_public_api_is_the_one_on_file(string library)
    {
        var path = Path.Combine(Repository.Root, "src", $"OrleansStream.{library}", "PublicApi.txt");
        var actual = PublicApi.Of(Assembly.Load($"OrleansStream.{library}"));
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllText(path, actual);
        }

        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(expected == actual, $"The public API of {library} changed. If that is meant, run the tests once with {Update}=1 and commit PublicApi.txt.\n{Difference(expected, actual)}");
    }

    [Fact]
    public void The_grain_contracts_are_the_ones_on_file()
    {
        var path = Path.Combine(Repository.Root, "src", "OrleansStream.Abstractions", "OrleansContracts.txt");
        var actual = GrainContracts.Of(Assembly.Load("OrleansStream.Abstractions"));
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            File.WriteAllText(path, actual);
        }

        var expected = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(expected == actual, $"Grain contracts changed: brokers of two versions must still understand each other. Run once with {Update}=1 if so.\n{Difference(expected, actual)}");
    }

    private static string Difference(string expected, string actual)
    {
        var before = expected.Split('\n').ToHashSet(StringComparer.Ordinal);
        var after = actual.Split('\n').ToHashSet(StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (var line in before.Except(after).Take(20))
        {
            text.Append("- ").AppendLine(line);
        }

        foreach (var line in after.Except(before).Take(20))
        {
            text.Append("+ ").AppendLine(line);
        }

        return text.ToString();
    }
}
