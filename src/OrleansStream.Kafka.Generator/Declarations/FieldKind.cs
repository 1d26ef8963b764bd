namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>How a field is laid out on the wire. The numbers of <see cref="FieldKinds"/> say what each kind takes at least.</summary>
internal enum FieldKind
{
    Boolean,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Structure,
    List,
}
