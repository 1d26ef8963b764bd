using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="PartitionId"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.PartitionId")]
public struct PartitionIdSurrogate
{
    [Id(0)]
    public string Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class PartitionIdConverter : IConverter<PartitionId, PartitionIdSurrogate>
{
    public PartitionId ConvertFromSurrogate(in PartitionIdSurrogate surrogate) => PartitionId.Parse(surrogate.Value);

    public PartitionIdSurrogate ConvertToSurrogate(in PartitionId value) => new() { Value = value.ToString() };
}
