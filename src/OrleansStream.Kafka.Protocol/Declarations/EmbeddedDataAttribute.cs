namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>Declares data that travels inside the bytes of another message, such as what consumers tell each other through JoinGroup.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class EmbeddedDataAttribute : Attribute
{
    /// <summary>Lowest version that is implemented. Must be given.</summary>
    public short MinVersion { get; set; }

    /// <summary>Highest version that is implemented. Must be given.</summary>
    public short MaxVersion { get; set; }

    /// <summary>First version with compact lengths and tagged fields; none unless set.</summary>
    public short FlexibleFrom { get; set; }
}
