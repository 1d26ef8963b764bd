using OrleansStream.Kafka.Generator.Declarations;

namespace OrleansStream.Kafka.Generator.Emission;

/// <summary>Computes how few bytes a structure can take, so that a reader can refuse a count that its frame cannot hold.</summary>
internal static class Sizes
{
    public static int MinBytesOf(StructureModel structure, MessageModel message)
    {
        var versions = message.Versions;
        var everywhere = structure.Fields.Where(field => field.Tag is null && versions.Condition(field.MinVersion, field.MaxVersion) is null);
        var bytes = everywhere.Sum(field => MinBytesOf(field, message));
        if (versions.FlexibleFrom <= versions.Min) bytes++; // The count of tagged fields.
        return Math.Max(1, bytes);
    }

    private static int MinBytesOf(FieldModel field, MessageModel message)
    {
        if (field.Type.Kind != FieldKind.Structure) return field.Type.Kind.MinBytes(message.Versions.HasFlexible);
        if (field.NullableFrom is not null) return 1;
        return MinBytesOf(message.Nested.Single(nested => field.Type.Name.EndsWith("." + nested.Name, StringComparison.Ordinal)), message);
    }

    /// <summary>C# expression for the bytes that one element of a list takes at least.</summary>
    public static string OfElement(FieldType element, VersionSpan versions) =>
        element.Kind == FieldKind.Structure ? $"{element.Name}.LeastBytes" : $"{element.Kind.MinBytes(versions.HasFlexible)}";
}
