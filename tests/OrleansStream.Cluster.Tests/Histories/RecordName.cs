using System.Globalization;

namespace OrleansStream.Cluster.Tests.Histories;

/// <summary>What makes a record of a run unlike all others: who wrote it, and its number among those that this one wrote to the partition.</summary>
internal readonly record struct RecordName(int Producer, int Sequence)
{
    /// <summary>What a value becomes that no producer of the run has written.</summary>
    public static readonly RecordName Foreign = new(-1, -1);

    /// <summary>The record's value.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Producer}:{Sequence}");

    public static RecordName Parse(string? value) =>
        value?.Split(':') is [var producer, var sequence]
        && int.TryParse(producer, NumberStyles.None, CultureInfo.InvariantCulture, out var who)
        && int.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new(who, number)
            : Foreign;
}
