using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Architecture.Tests;

// An option that nobody can read about does not exist; a default that the page gets wrong is worse.
public sealed partial class OptionsPageTests
{
    private static readonly string[] Libraries = ["Model", "Log", "Log.Files", "Log.AzureBlobs", "Coordination", "Grains", "Kafka.Gateway"];

    // The executable is not loaded here: its options are read from its source, without their defaults.
    private static readonly string[] OnlyFromSource = ["OrleansStream.Server"];

    [Fact]
    public void Every_option_stands_on_a_page_with_its_default()
    {
        var listed = Listed();

        var wrong =
            from option in FromLibraries()
            where !listed.TryGetValue(option.Key, out var shown) || shown != option.Value
            select $"{option.Key} is `{option.Value}` unless set, but the page says {(listed.TryGetValue(option.Key, out var shown) ? shown : "nothing")}";

        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_option_of_the_executable_stands_on_a_page() => Assert.Empty(FromServer().Except(Listed().Keys));

    [Fact]
    public void The_pages_list_no_option_that_is_not_there() => Assert.Empty(Listed().Keys.Except(FromLibraries().Keys).Except(FromServer()));

    private static Dictionary<string, string> FromLibraries()
    {
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var type in Libraries.SelectMany(library => Assembly.Load($"OrleansStream.{library}").GetTypes()))
        {
            if (type.GetField("Section") is not { IsLiteral: true } section) continue;
            var unset = Activator.CreateInstance(type);
            foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            {
                options[$"{section.GetRawConstantValue()}:{property.Name}"] = Convert.ToString(property.GetValue(unset), CultureInfo.InvariantCulture)!;
            }
        }

        return options;
    }

    private static List<string> FromServer()
    {
        var classes =
            from file in Repository.Sources("src")
            where OnlyFromSource.Any(project => file.Path.StartsWith($"src/{project}/", StringComparison.Ordinal))
            from type in file.Syntax.DescendantNodes().OfType<ClassDeclarationSyntax>()
            let section = Section().Match(type.ToString())
            where section.Success
            from property in type.Members.OfType<PropertyDeclarationSyntax>()
            where property.Modifiers.Any(modifier => modifier.Text == "public")
            select $"{section.Groups["name"].Value}:{property.Identifier.Text}";
        return [.. classes];
    }

    private static Dictionary<string, string> Listed() =>
        new[] { "bounds.md", "configuration.md" }
            .SelectMany(page => Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations", page))))
            .ToDictionary(row => row.Groups["option"].Value, row => row.Groups["default"].Value, StringComparer.Ordinal);

    [GeneratedRegex(@"^\| `(?<option>OrleansStream:[A-Za-z:]+)` \| `(?<default>[^`]*)`", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex("const string Section = \"(?<name>[A-Za-z:]+)\"")]
    private static partial Regex Section();
}
