using OrleansStream.Kafka.Protocol.Apis;

namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>Declares a request and, with it, the API: its key and the versions that this broker reads and answers.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RequestAttribute(ApiKey api) : Attribute
{
    public ApiKey Api { get; } = api;

    /// <summary>Lowest version that is implemented. Must be given.</summary>
    public short MinVersion { get; set; }

    /// <summary>Highest version that is implemented. Must be given.</summary>
    public short MaxVersion { get; set; }

    /// <summary>Lowest version that ApiVersions shows; <see cref="MinVersion"/> unless set. A request below MinVersion closes its connection.</summary>
    public short AdvertisedMin { get; set; }

    /// <summary>First version with compact lengths and tagged fields; none unless set.</summary>
    public short FlexibleFrom { get; set; }
}
