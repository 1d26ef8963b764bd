using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="Offset"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.Offset")]
public struct OffsetSurrogate
{
    [Id(0)]
    public long Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class OffsetConverter : IConverter<Offset, OffsetSurrogate>
{
    public Offset ConvertFromSurrogate(in OffsetSurrogate surrogate) => new(surrogate.Value);

    public OffsetSurrogate ConvertToSurrogate(in Offset value) => new() { Value = value.Value };
}
