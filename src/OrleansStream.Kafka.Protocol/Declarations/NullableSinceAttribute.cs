namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>First version in which a nullable property may be null on the wire; every version that carries it without this.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class NullableSinceAttribute(short version) : Attribute
{
    public short Version { get; } = version;
}
