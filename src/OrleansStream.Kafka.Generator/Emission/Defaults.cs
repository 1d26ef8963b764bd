using OrleansStream.Kafka.Generator.Declarations;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>Writes the test whether a property holds something else than its default.</summary>
internal static class Defaults
{
    public static string IsSet(FieldModel field)
    {
        var isEmpty = field.Default == FieldModel.EmptyDefault;
        if (field.NullableFrom is not null && field.Default is null) return $"{field.Name} is not null";
        return field.Type.Kind switch
        {
            FieldKind.Boolean => field.Default == "true" ? $"!{field.Name}" : field.Name,
            FieldKind.String => $"{field.Name} != {field.Default ?? "\"\""}",
            FieldKind.Uuid => $"{field.Name} != default",
            FieldKind.Bytes or FieldKind.Records => $"{field.Name} is not {{ Length: 0 }}",
            FieldKind.List => $"{field.Name} is not {{ Count: 0 }}",
            FieldKind.Structure when field.NullableFrom is not null => $"({field.Name} is null || !{field.Name}.HasOnlyDefaults())",
            FieldKind.Structure => $"!{field.Name}.HasOnlyDefaults()",
            _ => $"{field.Name} != {(isEmpty ? "default" : field.Default ?? "default")}",
        };
    }
}
