namespace OrleansStream.Kafka.Generator.Declarations;

internal static class FieldKinds
{
    /// <summary>Bytes that any value of this kind takes; for kinds with a length in front, that of the shortest length.</summary>
    public static int MinBytes(this FieldKind kind, bool mayBeCompact) => kind switch
    {
        FieldKind.Boolean or FieldKind.Int8 => 1,
        FieldKind.Int16 or FieldKind.UInt16 => 2,
        FieldKind.Int32 or FieldKind.UInt32 => 4,
        FieldKind.Int64 or FieldKind.Float64 => 8,
        FieldKind.Uuid => 16,
        _ when mayBeCompact => 1,
        FieldKind.String => 2,
        _ => 4,
    };

    /// <summary>Whether the encoding differs between fixed and flexible versions.</summary>
    public static bool HasLength(this FieldKind kind) => kind is FieldKind.String or FieldKind.Bytes or FieldKind.Records or FieldKind.List;
}
