using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="SessionId"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.SessionId")]
public struct SessionIdSurrogate
{
    [Id(0)]
    public string Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class SessionIdConverter : IConverter<SessionId, SessionIdSurrogate>
{
    public SessionId ConvertFromSurrogate(in SessionIdSurrogate surrogate) => SessionId.Parse(surrogate.Value);

    public SessionIdSurrogate ConvertToSurrogate(in SessionId value) => new() { Value = value.ToString() };
}
