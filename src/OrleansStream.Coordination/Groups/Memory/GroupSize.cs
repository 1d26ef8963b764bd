namespace OrleansStream.Coordination.Groups.Memory;

/// <summary>How much there is: of one group, or of all groups of a broker.</summary>
/// <param name="Groups">Ids that are groups, or are about to be one or none.</param>
/// <param name="Members">Members, static ones included.</param>
/// <param name="Offsets">Partitions with a durable commit.</param>
/// <param name="Bytes">What they occupy; see <see cref="HeldBytes"/>.</param>
public readonly record struct GroupSize(long Groups, long Members, long Offsets, long Bytes)
{
    public static GroupSize operator -(GroupSize left, GroupSize right) =>
        new(left.Groups - right.Groups, left.Members - right.Members, left.Offsets - right.Offsets, left.Bytes - right.Bytes);
}
