namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>Last version of the message that carries the property; all later ones do without this.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class UntilAttribute(short version) : Attribute
{
    public short Version { get; } = version;
}
