using System.Globalization;

namespace OrleansStream.Model.Ids;

/// <summary>Names one partition: the topic's id, never its name, and a number from 0. As text <c>{topic id}/{index}</c>, which is also the partition grain's key.</summary>
public readonly record struct PartitionId(TopicId Topic, int Index) : IComparable<PartitionId>
{
    public static PartitionId Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        return slash < 0
            ? throw new FormatException($"'{text}' is no partition: expected a topic id, a slash and a number.")
            : new PartitionId(TopicId.Parse(text[..slash]), int.Parse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture));
    }

    public int CompareTo(PartitionId other)
    {
        var byTopic = Topic.CompareTo(other.Topic);
        return byTopic != 0 ? byTopic : Index.CompareTo(other.Index);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Topic}/{Index}");
}
