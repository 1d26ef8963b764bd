namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>First version of the message that carries the property; all carry it without this.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SinceAttribute(short version) : Attribute
{
    public short Version { get; } = version;
}
