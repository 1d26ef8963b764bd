namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>A class whose properties are written one after the other: a message itself or a part nested in it.</summary>
internal sealed record StructureModel(string Name, EquatableArray<FieldModel> Fields);
