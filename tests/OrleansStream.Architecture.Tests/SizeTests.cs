using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Architecture.Tests;

public sealed class SizeTests
{
    private const int MaxSourceLines = 500;
    private const int MaxTestLines = 800;
    private const int MaxMethodLines = 70;
    private const int MaxParameters = 5;

    [Fact]
    public void No_file_is_too_long_to_hold_in_mind()
    {
        var tooLong = Repository.Sources("src").Where(file => file.Lines > MaxSourceLines)
            .Concat(Repository.Sources("tests").Where(file => file.Lines > MaxTestLines))
            .Select(file => $"{file.Path}: {file.Lines} lines");

        Findings.None(tooLong);
    }

    [Fact]
    public void No_method_is_longer_than_a_screen()
    {
        var tooLong =
            from file in Repository.Sources("src")
            from method in file.Syntax.DescendantNodes().OfType<BaseMethodDeclarationSyntax>()
            let span = (method.Body ?? (SyntaxNode?)method.ExpressionBody)?.GetLocation().GetLineSpan()
            where span is not null
            let lines = span.Value.EndLinePosition.Line - span.Value.StartLinePosition.Line + 1
            where lines > MaxMethodLines
            select $"{file.Path}:{file.LineOf(method)}: {lines} lines";

        Findings.None(tooLong);
    }

    // Records whose parameters are their data are exempt: a value may have as many parts as it has.
    [Fact]
    public void No_signature_has_more_than_five_parameters()
    {
        var tooMany =
            from file in Repository.Sources("src")
            from list in file.Syntax.DescendantNodes().OfType<ParameterListSyntax>()
            where list.Parent is not RecordDeclarationSyntax
            let count = list.Parameters.Count(parameter => parameter.Type?.ToString() != "CancellationToken")
            where count > MaxParameters && list.Parent is not ConstructorDeclarationSyntax and not TypeDeclarationSyntax
            where !IsForeign(list.Parent!)
            select $"{file.Path}:{file.LineOf(list)}: {count} parameters";

        Findings.None(tooMany);
    }

    // Signatures that somebody else has laid down: functions of the operating system and overrides.
    private static bool IsForeign(SyntaxNode owner) => owner is MethodDeclarationSyntax method
        && (method.AttributeLists.ToString().Contains("LibraryImport", StringComparison.Ordinal) || method.Modifiers.Any(modifier => modifier.Text == "override"));
}
