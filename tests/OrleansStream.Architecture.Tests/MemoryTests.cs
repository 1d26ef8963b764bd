using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Architecture.Tests;

// Memory of a block is reached through its lease. Whoever stores a Memory<byte> could still hold it when the slab has gone to somebody else.
public sealed class MemoryTests
{
    private static readonly string[] Watched = ["src/OrleansStream.Log/", "src/OrleansStream.Log.Files/", "src/OrleansStream.Log.AzureBlobs/", "src/OrleansStream.Kafka.Gateway/"];

    [Fact]
    public void Nothing_stores_memory_that_a_lease_should_guard()
    {
        var fields =
            from file in Repository.Sources("src").Where(file => Watched.Any(prefix => file.Path.StartsWith(prefix, StringComparison.Ordinal)))
            from field in file.Syntax.DescendantNodes().OfType<FieldDeclarationSyntax>()
            where IsMemory(field.Declaration.Type)
            select $"{file.Path}:{file.LineOf(field)}: {field.Declaration}";

        var stored =
            from file in Repository.Sources("src").Where(file => Watched.Any(prefix => file.Path.StartsWith(prefix, StringComparison.Ordinal)))
            from property in file.Syntax.DescendantNodes().OfType<PropertyDeclarationSyntax>()
            where IsMemory(property.Type) && property.ExpressionBody is null && property.AccessorList!.Accessors.All(accessor => accessor.Body is null && accessor.ExpressionBody is null)
            where !property.Modifiers.Any(modifier => modifier.IsKind(SyntaxKind.AbstractKeyword))
            select $"{file.Path}:{file.LineOf(property)}: {property.Identifier}";

        Findings.None(fields.Concat(stored));
    }

    private static bool IsMemory(TypeSyntax type) => type.ToString() is "Memory<byte>" or "ReadOnlyMemory<byte>";
}
