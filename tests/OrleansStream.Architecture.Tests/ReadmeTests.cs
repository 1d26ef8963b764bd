using System.Text.RegularExpressions;

namespace OrleansStream.Architecture.Tests;

// A quick start that does not work is the last thing that many people read.
public sealed partial class ReadmeTests
{
    private const int MaxLines = 150;

    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));

    [Fact]
    public void It_is_short() => Assert.InRange(Text.Count(character => character == '\n'), 1, MaxLines);

    [Fact]
    public void Scripts_projects_and_pages_that_it_names_are_there()
    {
        var missing = Named().Matches(Text).Select(match => match.Groups["path"].Value.TrimEnd('/')).Distinct()
            .Where(path => !File.Exists(Path.Combine(Repository.Root, path)) && !Directory.Exists(Path.Combine(Repository.Root, path)));

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("dotnet run --project src/OrleansStream.Server")]
    [InlineData("infra/test.sh")]
    [InlineData("kcat -b localhost:9092")]
    public void It_says_how_to_begin(string command) => Assert.Contains(command, Text, StringComparison.Ordinal);

    [Fact]
    public void Settings_that_it_names_exist()
    {
        var pages = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs", "operations"), "*.md").Select(File.ReadAllText));

        var unknown = from setting in Setting().Matches(Text)
                      let name = setting.Groups["name"].Value
                      where !pages.Contains($"`{name}`", StringComparison.Ordinal)
                      select name;

        Assert.Empty(unknown.ToList());
    }

    [GeneratedRegex(@"(?<![\w./-])(?<path>(?:src|tests|docs|infra|bicep)/[\w./-]*\w)")]
    private static partial Regex Named();

    [GeneratedRegex(@"--(?:Kafka:(?<name>[a-z.]+)|(?<name>OrleansStream:[A-Za-z:]+))")]
    private static partial Regex Setting();
}
