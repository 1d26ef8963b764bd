using System.ComponentModel.DataAnnotations;

namespace OrleansStream.Log.Retention;

/// <summary>When the log looks after itself.</summary>
public sealed class UpkeepOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Upkeep";

    /// <summary>Time between two looks at what has expired: Kafka's log.retention.check.interval.ms. 1 ms to 1 day; 5 min unless set.</summary>
    public TimeSpan RetentionInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between two searches for objects that nobody names. 1 min to 30 days; 1 day unless set.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Whether the search for such objects only tells of each that it would take away, and takes away none. False unless set.</summary>
    public bool SweepOnlyReports { get; set; }

    /// <summary>How long nobody appends, reads or waits before a partition is closed; the next request opens it again. 1 s to 30 days; 30 min unless set.</summary>
    public TimeSpan IdleClose { get; set; } = TimeSpan.FromMinutes(30);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (IsOutside(RetentionInterval, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(1))) yield return Wrong(nameof(RetentionInterval), RetentionInterval, "1 ms to 1 day");
        if (IsOutside(SweepInterval, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30))) yield return Wrong(nameof(SweepInterval), SweepInterval, "1 min to 30 days");
        if (IsOutside(IdleClose, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30))) yield return Wrong(nameof(IdleClose), IdleClose, "1 s to 30 days");
    }

    private static bool IsOutside(TimeSpan value, TimeSpan least, TimeSpan most) => value < least || value > most;

    private static ValidationResult Wrong(string name, TimeSpan value, string rule) => new($"{Section}:{name} is {value}; it must be {rule}.", [name]);
}
