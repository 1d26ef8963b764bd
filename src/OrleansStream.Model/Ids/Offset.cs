using System.Globalization;

namespace OrleansStream.Model.Ids;

/// <summary>The number of a record in its partition, from 0. An end offset is the offset that the next record will get.</summary>
public readonly record struct Offset(long Value) : IComparable<Offset>
{
    public static Offset Zero => default;

    /// <summary>"No offset" on the wire.</summary>
    public static Offset None => new(-1);

    public static Offset operator +(Offset offset, long count) => new(offset.Value + count);

    /// <summary>How many offsets lie between the two.</summary>
    public static long operator -(Offset end, Offset start) => end.Value - start.Value;

    public static bool operator <(Offset left, Offset right) => left.Value < right.Value;

    public static bool operator >(Offset left, Offset right) => left.Value > right.Value;

    public static bool operator <=(Offset left, Offset right) => left.Value <= right.Value;

    public static bool operator >=(Offset left, Offset right) => left.Value >= right.Value;

    public static Offset Max(Offset left, Offset right) => left.Value >= right.Value ? left : right;

    public static Offset Min(Offset left, Offset right) => left.Value <= right.Value ? left : right;

    public int CompareTo(Offset other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
