namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>The type of a field or of a list's elements.</summary>
/// <param name="Kind">Layout on the wire.</param>
/// <param name="Name">The C# type without its question mark, fully qualified; what a list holds for lists.</param>
/// <param name="Wrapper">A type around the primitive: an enumeration (cast) or a typed id with a constructor and a <c>Value</c>; null for the primitive itself.</param>
/// <param name="IsEnum">Whether <paramref name="Wrapper"/> is an enumeration.</param>
/// <param name="Element">The type of a list's elements; null for everything else.</param>
internal sealed record FieldType(FieldKind Kind, string Name, string? Wrapper, bool IsEnum, FieldType? Element);
