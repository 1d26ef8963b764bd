using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>A fault found in a declaration. Holds no symbols or trees, which would keep whole compilations alive and are never equal.</summary>
internal sealed record DiagnosticModel(string Id, string Path, TextSpan Span, LinePositionSpan Lines, string Argument)
{
    public static DiagnosticModel At(DiagnosticDescriptor rule, Location? location, string argument) => new(
        rule.Id, location?.SourceTree?.FilePath ?? "", location?.SourceSpan ?? default, location?.GetLineSpan().Span ?? default, argument);

    public Diagnostic ToDiagnostic() => Diagnostic.Create(DeclarationRules.ById(Id), Location.Create(Path, Span, Lines), Argument);
}
