using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace OrleansStream.Log.Economy;

/// <summary>How long frames of each latency class may wait for company. What is unset is the store's own: nothing on files, where a write costs nothing.</summary>
public sealed class LingerOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Linger";

    private const double LargestStretch = 100;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    /// <summary>For topics of the class low. 0 to 5 s; unless set 5 ms on blobs, 0 on files.</summary>
    public TimeSpan? Low { get; set; }

    /// <summary>For topics of the class balanced. 0 to 5 s; unless set 20 ms on blobs, 0 on files.</summary>
    public TimeSpan? Balanced { get; set; }

    /// <summary>For topics of the class economy. 0 to 5 s; unless set 250 ms on blobs, 0 on files.</summary>
    public TimeSpan? Economy { get; set; }

    /// <summary>
    /// How many times its length a linger may reach when the write budget is short or the service asks for less. 1, which is not at all, to 100; 20 unless
    /// set. A linger that is stretched is never longer than 10 s.
    /// </summary>
    public double MaxStretch { get; set; } = LaneLinger.DefaultMaxStretch;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value) in new[] { (nameof(Low), Low), (nameof(Balanced), Balanced), (nameof(Economy), Economy) })
        {
            if (value < TimeSpan.Zero || value > Longest) yield return Outside(name, value, TimeSpan.Zero, Longest);
        }

        if (!(MaxStretch is >= 1 and <= LargestStretch)) yield return Outside(nameof(MaxStretch), MaxStretch, 1, LargestStretch);
    }

    private static ValidationResult Outside(string name, object value, object least, object most) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be between {least} and {most}."), [name]);
}
