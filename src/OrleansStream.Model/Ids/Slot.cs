using System.Globalization;

namespace OrleansStream.Model.Ids;

/// <summary>The number of a block in its session, from 0 without a gap.</summary>
public readonly record struct Slot(long Value) : IComparable<Slot>
{
    public static Slot Zero => default;

    public Slot Next => new(checked(Value + 1));

    public static bool operator <(Slot left, Slot right) => left.Value < right.Value;

    public static bool operator >(Slot left, Slot right) => left.Value > right.Value;

    public static bool operator <=(Slot left, Slot right) => left.Value <= right.Value;

    public static bool operator >=(Slot left, Slot right) => left.Value >= right.Value;

    public static Slot Min(Slot left, Slot right) => left.Value <= right.Value ? left : right;

    public int CompareTo(Slot other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}
