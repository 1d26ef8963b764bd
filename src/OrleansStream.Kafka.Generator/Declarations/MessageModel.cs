namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>A declared message with everything nested in it.</summary>
/// <param name="Namespace">Where it lives.</param>
/// <param name="Role">Request, response or data inside another message's bytes.</param>
/// <param name="Versions">The versions it is declared for.</param>
/// <param name="Root">The message.</param>
/// <param name="Nested">The structures inside it, in the order of their declaration.</param>
internal sealed record MessageModel(
    string Namespace, MessageRole Role, VersionSpan Versions, StructureModel Root, EquatableArray<StructureModel> Nested)
{
    /// <summary>Member of the ApiKey enumeration; empty for embedded data.</summary>
    public string ApiName { get; init; } = "";

    /// <summary>Value of that member; -1 for embedded data.</summary>
    public int ApiNumber { get; init; } = -1;
}
