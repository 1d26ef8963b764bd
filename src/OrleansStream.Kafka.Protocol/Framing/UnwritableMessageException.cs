namespace OrleansStream.Kafka.Protocol.Framing;

/// <summary>A message holds what the chosen version cannot carry. A defect of the code that built it: dropping the value would change its meaning.</summary>
public sealed class UnwritableMessageException : Exception
{
    private UnwritableMessageException(string structure, string property, short version, string reason)
        : base($"{structure}.{property} {reason} in version {version}.") =>
        (Structure, Property, Version) = (structure, property, version);

    /// <summary>The message or the part of one, as in <c>FetchResponse.Partition</c>.</summary>
    public string Structure { get; }

    public string Property { get; }

    public short Version { get; }

    internal static UnwritableMessageException NotInVersion(string structure, string property, short version) =>
        new(structure, property, version, "is set, but does not exist");

    internal static UnwritableMessageException NullInVersion(string structure, string property, short version) =>
        new(structure, property, version, "is null, but must not be");
}
