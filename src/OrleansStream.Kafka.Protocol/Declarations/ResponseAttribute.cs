namespace OrleansStream.Kafka.Protocol.Declarations;

/// <summary>Declares the answer to a request. Its versions are those of the request, so that they are said once.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ResponseAttribute(Type request) : Attribute
{
    public Type Request { get; } = request;
}
