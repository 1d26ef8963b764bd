namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>One property of a message: what the codec must know to read, write and skip it.</summary>
/// <param name="Name">Name of the property.</param>
/// <param name="Type">Its type.</param>
/// <param name="MinVersion">First version that carries it.</param>
/// <param name="MaxVersion">Last version that carries it.</param>
internal sealed record FieldModel(string Name, FieldType Type, int MinVersion, int MaxVersion)
{
    /// <summary>Stands for an empty list or buffer or a new object in <see cref="Default"/>.</summary>
    public const string EmptyDefault = "empty";

    /// <summary>First version in which null may be written; null if the property's type forbids it.</summary>
    public int? NullableFrom { get; init; }

    /// <summary>Number in the tagged section; null for a field with a fixed place.</summary>
    public int? Tag { get; init; }

    /// <summary>Whether a value is dropped silently in versions that lack the field.</summary>
    public bool Ignorable { get; init; }

    /// <summary>The initializer as C# text; null stands for <c>default</c>.</summary>
    public string? Default { get; init; }

    /// <summary>Whether absence is said by leaving the tag out, so that null needs no byte of its own.</summary>
    public bool IsTaggedStructure => Tag is not null && Type.Kind == FieldKind.Structure;
}
