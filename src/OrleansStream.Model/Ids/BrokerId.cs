using System.Globalization;

namespace OrleansStream.Model.Ids;

/// <summary>The number of a broker, 0 or more: Kafka's node id. Taken from the silo's stable name.</summary>
public readonly record struct BrokerId(int Value)
{
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
