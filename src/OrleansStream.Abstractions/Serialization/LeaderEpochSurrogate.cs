using OrleansStream.Model.Ids;

namespace OrleansStream.Abstractions.Serialization;

/// <summary>How a <see cref="LeaderEpoch"/> travels between brokers: Model knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("os.LeaderEpoch")]
public struct LeaderEpochSurrogate
{
    [Id(0)]
    public int Value;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
public sealed class LeaderEpochConverter : IConverter<LeaderEpoch, LeaderEpochSurrogate>
{
    public LeaderEpoch ConvertFromSurrogate(in LeaderEpochSurrogate surrogate) => new(surrogate.Value);

    public LeaderEpochSurrogate ConvertToSurrogate(in LeaderEpoch value) => new() { Value = value.Value };
}
