namespace OrleansStream.Kafka.Generator.Declarations;

/// <summary>Versions that a message is declared for. <paramref name="AdvertisedMin"/> may lie below <paramref name="Min"/>: shown to clients, but not served.</summary>
internal sealed record VersionSpan(int Min, int Max, int AdvertisedMin, int FlexibleFrom)
{
    /// <summary>Stands for "no version is flexible".</summary>
    public const int Never = short.MaxValue;

    public bool HasFlexible => FlexibleFrom <= Max;

    /// <summary>C# condition under which a version lies in the range; null if all versions of this message do.</summary>
    public string? Condition(int min, int max) => (min > Min, max < Max) switch
    {
        (false, false) => null,
        (true, false) => $"version >= {min}",
        (false, true) => $"version <= {max}",
        _ => $"version is >= {min} and <= {max}",
    };

    /// <summary>The opposite of <see cref="Condition"/>.</summary>
    public string? Absence(int min, int max) => (min > Min, max < Max) switch
    {
        (false, false) => null,
        (true, false) => $"version < {min}",
        (false, true) => $"version > {max}",
        _ => $"version is < {min} or > {max}",
    };
}
