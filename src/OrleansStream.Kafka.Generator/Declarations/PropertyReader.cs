using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>Turns the properties of one message into fields, and says what is wrong with them.</summary>
internal sealed class PropertyReader(INamedTypeSymbol message, VersionSpan versions, Compilation compilation, List<DiagnosticModel> faults)
{
    private const string AttributeNamespace = "OrleansStream.Kafka.Protocol.Declarations.";

    /// <summary>The field that the property declares; null after a fault.</summary>
    public FieldModel? Read(IPropertySymbol property)
    {
        if (property is not { GetMethod.DeclaredAccessibility: Accessibility.Public, SetMethod.DeclaredAccessibility: Accessibility.Public })
            return Fault(DeclarationRules.BadAccessor, property, property.Name);
        if (TypeClassifier.Classify(property.Type, message) is not { } type)
            return Fault(DeclarationRules.UnknownType, property, $"'{property.Type}' of '{property.Name}' has no wire format; use a primitive, string, Guid, ReadOnlyMemory<byte>, RecordsPayload, a class nested in the message, or a List of these");

        var min = Number(property, "SinceAttribute") ?? versions.Min;
        var max = Number(property, "UntilAttribute") ?? versions.Max;
        if (min > max || min < versions.Min || max > versions.Max)
            return Fault(DeclarationRules.BadVersions, property, $"'{property.Name}' is declared for versions {min} to {max}, its message for {versions.Min} to {versions.Max}");

        var tag = Number(property, "TagAttribute");
        if (tag is not null && min < versions.FlexibleFrom)
            return Fault(DeclarationRules.TagNeedsFlexible, property, $"'{property.Name}' has a tag but exists in version {min}; tagged sections begin with {versions.FlexibleFrom}");
        if (tag is not null && type.Kind == FieldKind.Records)
            return Fault(DeclarationRules.UnknownType, property, $"'{property.Name}' holds records; they cannot be tagged, as they are not copied into the tagged section");

        if (tag is not null && type.Kind == FieldKind.Structure && !TypeClassifier.IsNullable(property.Type))
            return Fault(DeclarationRules.BadNullability, property, $"'{property.Name}' is a tagged class; it must be nullable, null being how its absence is said");

        if (!TryReadNullability(property, type, min, max, out var nullableFrom)) return null;
        if (!TryReadDefault(property, type, out var initial)) return null;
        return new(property.Name, type, min, max)
        {
            NullableFrom = nullableFrom,
            Tag = tag,
            Ignorable = Find(property, "IgnorableAttribute") is not null,
            Default = initial,
        };
    }

    private bool TryReadNullability(IPropertySymbol property, FieldType type, int min, int max, out int? nullableFrom)
    {
        var since = Number(property, "NullableSinceAttribute");
        nullableFrom = TypeClassifier.IsNullable(property.Type) ? since ?? min : null;
        if (since is not null && nullableFrom is null)
            Fault(DeclarationRules.BadNullability, property, $"'{property.Name}' has NullableSince, but its type is not nullable");
        else if (since is not null && (since <= min || since > max))
            Fault(DeclarationRules.BadNullability, property, $"'{property.Name}' is nullable since {since}; that must be one of its versions {min} to {max}, and not the first, which needs no attribute");
        else if (nullableFrom is not null && !type.Kind.HasLength() && type.Kind != FieldKind.Structure)
            Fault(DeclarationRules.BadNullability, property, $"'{property.Name}' is nullable; numbers, flags and ids have no null on the wire");
        else
            return true;
        return false;
    }

    private bool TryReadDefault(IPropertySymbol property, FieldType type, out string? text)
    {
        text = null;
        if (property.DeclaringSyntaxReferences[0].GetSyntax() is not PropertyDeclarationSyntax { Initializer.Value: { } value }) return true;
        if (value is CollectionExpressionSyntax { Elements.Count: 0 } or ImplicitObjectCreationExpressionSyntax { ArgumentList.Arguments.Count: 0 })
        {
            text = FieldModel.EmptyDefault;
            return true;
        }

        var constant = compilation.GetSemanticModel(value.SyntaxTree).GetConstantValue(value);
        if (!constant.HasValue)
            return Fault(DeclarationRules.BadDefault, property, $"the default of '{property.Name}' must be a constant, [] or new()") is not null;

        if (constant.Value is not null) text = SymbolDisplay.FormatPrimitive(constant.Value, quoteStrings: true, useHexadecimalNumbers: false);
        if (text is not null && type.IsEnum) text = $"({type.Wrapper})({text})";
        return true;
    }

    private FieldModel? Fault(DiagnosticDescriptor rule, ISymbol symbol, string text)
    {
        faults.Add(DiagnosticModel.At(rule, symbol.Locations.FirstOrDefault(), text));
        return null;
    }

    private static AttributeData? Find(ISymbol symbol, string name) =>
        symbol.GetAttributes().FirstOrDefault(attribute => attribute.AttributeClass?.ToDisplayString() == AttributeNamespace + name);

    private static int? Number(ISymbol symbol, string name) =>
        Find(symbol, name)?.ConstructorArguments.FirstOrDefault().Value is IConvertible value ? value.ToInt32(null) : null;
}
