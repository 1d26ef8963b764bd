using System.Globalization;

namespace OrleansStream.Model.Ids;

/// <summary>How often a partition was claimed: the epoch of its manifest. Never goes back for a topic id.</summary>
public readonly record struct LeaderEpoch(int Value) : IComparable<LeaderEpoch>
{
    /// <summary>"Unknown, do not check" on the wire, and the closed epoch of a partition that was never closed (rule B2).</summary>
    public static LeaderEpoch None => new(-1);

    public LeaderEpoch Next => new(checked(Value + 1));

    public static bool operator <(LeaderEpoch left, LeaderEpoch right) => left.Value < right.Value;

    public static bool operator >(LeaderEpoch left, LeaderEpoch right) => left.Value > right.Value;

    public static bool operator <=(LeaderEpoch left, LeaderEpoch right) => left.Value <= right.Value;

    public static bool operator >=(LeaderEpoch left, LeaderEpoch right) => left.Value >= right.Value;

    public int CompareTo(LeaderEpoch other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
