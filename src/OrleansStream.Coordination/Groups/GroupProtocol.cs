namespace OrleansStream.Coordination.Groups;

/// <summary>One way of sharing out work that a member offers. The metadata is the client's own business; the array is the group's from then on and never written to.</summary>
public readonly record struct GroupProtocol(string Name, byte[] Metadata)
{
    public bool Equals(GroupProtocol other) => Name == other.Name && Metadata.AsSpan().SequenceEqual(other.Metadata);

    public override int GetHashCode() => HashCode.Combine(Name, Metadata.Length);
}
