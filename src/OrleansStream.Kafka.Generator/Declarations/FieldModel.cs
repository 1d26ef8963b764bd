namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>One property of a message: what the codec must know to read, write and skip it.</summary>
/// <param name="Name">Name of the property.</param>
/// <param name="Type">Its type.</param>
/// <param name="MinVersion">First version that carries it.</param>
/// <param name="MaxVersion">Last version that carries it.</param>
/// <param name="NullableFrom">First version in which null may be written; null if the property's type forbids it.</param>
/// <param name="Tag">Number in the tagged section; null for a field with a fixed place.</param>
/// <param name="Ignorable">Whether a value is dropped silently in versions that lack the field.</param>
/// <param name="Default">The initializer as C# text; null stands for <c>default</c>, the word <c>empty</c> for an empty list, buffer or a new object.</param>
internal sealed record FieldModel(
    string Name, FieldType Type, int MinVersion, int MaxVersion, int? NullableFrom, int? Tag, bool Ignorable, string? Default)
{
    public const string EmptyDefault = "empty";

    /// <summary>Whether absence is said by leaving the tag out, so that null needs no byte of its own.</summary>
    public bool IsTaggedStructure => Tag is not null && Type.Kind == FieldKind.Structure;
}
