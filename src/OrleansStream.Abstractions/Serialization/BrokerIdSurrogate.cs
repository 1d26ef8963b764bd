using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="BrokerId"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.BrokerId")]
public struct BrokerIdSurrogate
{
    [Id(0)]
    public int Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class BrokerIdConverter : IConverter<BrokerId, BrokerIdSurrogate>
{
    public BrokerId ConvertFromSurrogate(in BrokerIdSurrogate surrogate) => new(surrogate.Value);

    public BrokerIdSurrogate ConvertToSurrogate(in BrokerId value) => new() { Value = value.Value };
}
