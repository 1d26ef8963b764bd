using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="TopicId"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.TopicId")]
public struct TopicIdSurrogate
{
    [Id(0)]
    public Guid Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class TopicIdConverter : IConverter<TopicId, TopicIdSurrogate>
{
    public TopicId ConvertFromSurrogate(in TopicIdSurrogate surrogate) => new(surrogate.Value);

    public TopicIdSurrogate ConvertToSurrogate(in TopicId value) => new() { Value = value.Value };
}
