using Microsoft.CodeAnalysis;

namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>Finds the wire format that belongs to a C# type.</summary>
internal static class TypeClassifier
{
    private const string TypedId = "OrleansStream.Model.Ids.TopicId";
    private const string RecordsPayload = "OrleansStream.Kafka.Protocol.Primitives.RecordsPayload";

    private static readonly SymbolDisplayFormat Qualified = SymbolDisplayFormat.FullyQualifiedFormat;

    /// <summary>Null if the type, or that of a list's elements, has no wire format inside <paramref name="message"/>.</summary>
    public static FieldType? Classify(ITypeSymbol type, INamedTypeSymbol message)
    {
        if (IsNullableValue(type)) type = ((INamedTypeSymbol)type).TypeArguments[0];
        type = type.WithNullableAnnotation(NullableAnnotation.NotAnnotated);

        if (Primitive(type.SpecialType) is { } primitive) return new(primitive, type.ToDisplayString(Qualified), null, false, null);
        if (type is not INamedTypeSymbol named) return null;
        if (named.EnumUnderlyingType is { } underlying && Primitive(underlying.SpecialType) is { } number)
            return new(number, underlying.ToDisplayString(Qualified), named.ToDisplayString(Qualified), true, null);

        return named.ToDisplayString() switch
        {
            "System.Guid" => new(FieldKind.Uuid, "global::System.Guid", null, false, null),
            TypedId => new(FieldKind.Uuid, "global::System.Guid", "global::" + TypedId, false, null),
            "System.ReadOnlyMemory<byte>" => new(FieldKind.Bytes, "global::System.ReadOnlyMemory<byte>", null, false, null),
            RecordsPayload => new(FieldKind.Records, "global::" + RecordsPayload, null, false, null),
            _ => Composite(named, message),
        };
    }

    public static bool IsNullable(ITypeSymbol type) => IsNullableValue(type) || type.NullableAnnotation == NullableAnnotation.Annotated;

    private static bool IsNullableValue(ITypeSymbol type) => type.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T;

    private static FieldType? Composite(INamedTypeSymbol type, INamedTypeSymbol message)
    {
        if (SymbolEqualityComparer.Default.Equals(type.ContainingType, message))
            return new(FieldKind.Structure, type.ToDisplayString(Qualified), null, false, null);

        if (type.OriginalDefinition.ToDisplayString() != "System.Collections.Generic.List<T>") return null;
        var element = type.TypeArguments[0];
        if (IsNullable(element) || Classify(element, message) is not { Kind: not (FieldKind.List or FieldKind.Records) } classified) return null;
        return new(FieldKind.List, element.ToDisplayString(Qualified), null, false, classified);
    }

    private static FieldKind? Primitive(SpecialType type) => type switch
    {
        SpecialType.System_Boolean => FieldKind.Boolean,
        SpecialType.System_SByte => FieldKind.Int8,
        SpecialType.System_Int16 => FieldKind.Int16,
        SpecialType.System_UInt16 => FieldKind.UInt16,
        SpecialType.System_Int32 => FieldKind.Int32,
        SpecialType.System_UInt32 => FieldKind.UInt32,
        SpecialType.System_Int64 => FieldKind.Int64,
        SpecialType.System_Double => FieldKind.Float64,
        SpecialType.System_String => FieldKind.String,
        _ => null,
    };
}
