namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>The property is written to the tagged section under this number, and only if it differs from its default. A reader that does not know the number skips it.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TagAttribute(int number) : Attribute
{
    public int Number { get; } = number;
}
