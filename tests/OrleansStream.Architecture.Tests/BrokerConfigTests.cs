using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Architecture.Tests;

// A broker config that also has an option may be in force with a value that was set under the option's name: DescribeConfigs has to tell it.
public sealed class BrokerConfigTests
{
    private static readonly Lazy<ILookup<string, string>> Names = new(() => (
        from file in Repository.Sources("src")
        where file.Path.StartsWith("src/OrleansStream.Server/Hosting/", StringComparison.Ordinal)
        from literal in file.Syntax.DescendantNodes().OfType<LiteralExpressionSyntax>()
        where literal.Token.IsKind(SyntaxKind.StringLiteralToken) && literal.Token.ValueText.Contains('.', StringComparison.Ordinal) && !literal.Token.ValueText.Contains(' ', StringComparison.Ordinal)
        select (file.Path, Name: literal.Token.ValueText)).ToLookup(found => Path.GetFileName(found.Path), found => found.Name));

    [Fact]
    public void Every_broker_config_that_steers_an_option_is_told_as_it_is_in_force()
    {
        Assert.Contains("group.max.size", Names.Value["BrokerOptions.cs"]);

        Assert.Empty(Names.Value["BrokerOptions.cs"].Except(Names.Value["BrokerFacts.cs"]));
    }

    [Fact]
    public void Every_broker_config_that_steers_an_option_stands_on_the_page()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "operations", "configuration.md"));

        var missing = Names.Value["BrokerOptions.cs"].Distinct().Where(name => !page.Contains($"`{name}`", StringComparison.Ordinal)).ToList();

        Assert.Empty(missing);
    }
}
