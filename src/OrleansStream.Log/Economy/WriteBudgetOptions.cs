using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace OrleansStream.Log.Economy;

/// <summary>
/// What a broker's writes to a storage account may cost. Where it does not suffice, records wait longer for company; it never keeps them from being written.
/// If both bounds are set, the lower one counts. Without meaning on files.
/// </summary>
public sealed class WriteBudgetOptions : IValidatableObject
{
    public const string Section = "OrleansStream:WriteBudget";

    private const double WritesOfAPrice = 10_000;
    private const double SecondsOfADay = 86_400;
    private const double LeastOperations = 0.01;
    private const double MostOperations = 100_000;

    /// <summary>Write operations in a second, averaged over minutes. 0.01 to 100,000; 0, which is no bound, unless set.</summary>
    public double OperationsPerSecond { get; set; }

    /// <summary>Money for write operations in a day, in the currency of <see cref="PricePerTenThousandWrites"/>. Must come to what <see cref="OperationsPerSecond"/> takes; 0, which is no bound, unless set.</summary>
    public double MoneyPerDay { get; set; }

    /// <summary>What the account charges for 10,000 write operations: 0.055 unless set, for a hot account in US dollars; 0.0228 was premium. More than 0, at most 1,000. See docs/operations/costs.md.</summary>
    public double PricePerTenThousandWrites { get; set; } = 0.055;

    /// <summary>What so many operations a second cost in a day.</summary>
    public double MoneyPerDayOf(double operationsPerSecond) => operationsPerSecond * SecondsOfADay * PricePerTenThousandWrites / WritesOfAPrice;

    /// <summary>The operations a second that both bounds allow; null without any.</summary>
    public double? AllowedPerSecond() => (OperationsPerSecond, MoneyPerDay) switch
    {
        (0, 0) => null,
        (_, 0) => OperationsPerSecond,
        (0, _) => MoneyPerDay / MoneyPerDayOf(1),
        _ => Math.Min(OperationsPerSecond, MoneyPerDay / MoneyPerDayOf(1)),
    };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!(PricePerTenThousandWrites is > 0 and <= 1000))
        {
            yield return Wrong(nameof(PricePerTenThousandWrites), PricePerTenThousandWrites, "it must be more than 0 and at most 1000.");
            yield break;
        }

        var range = string.Create(CultureInfo.InvariantCulture, $"between {LeastOperations} and {MostOperations} operations a second, or 0 for no bound.");
        if (!IsBound(OperationsPerSecond)) yield return Wrong(nameof(OperationsPerSecond), OperationsPerSecond, $"it must be {range}");
        if (!IsBound(MoneyPerDay / MoneyPerDayOf(1))) yield return Wrong(nameof(MoneyPerDay), MoneyPerDay, $"at {PricePerTenThousandWrites.ToString(CultureInfo.InvariantCulture)} for 10,000 writes it must buy {range}");
    }

    private static bool IsBound(double operations) => operations is 0 or (>= LeastOperations and <= MostOperations);

    private static ValidationResult Wrong(string name, double value, string rule) => new(string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; {rule}"), [name]);
}
