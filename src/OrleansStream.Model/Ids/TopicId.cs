namespace OrleansStream.Model.Ids;

/// <summary>Names a topic for its whole life. A topic that is deleted and created again gets a new one; an id is never used twice.</summary>
public readonly record struct TopicId(Guid Value) : IComparable<TopicId>
{
    /// <summary>All zero: "no topic" on the wire.</summary>
    public static TopicId None => default;

    public bool IsNone => Value == Guid.Empty;

    public static TopicId Parse(string text) => new(Guid.ParseExact(text, "N"));

    public int CompareTo(TopicId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString("N");
}
