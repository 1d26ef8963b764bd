using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace OrleansStream.Model.Options;

/// <summary>Bounds an option, both ends included. Fits integers of any size; null passes, so that an option may be unset.</summary>
/// <remarks>Durations are bounded by the option that holds them, with <see cref="IValidatableObject"/>: a TimeSpan is no constant.</remarks>
[AttributeUsage(AttributeTargets.Property)]
public sealed class BetweenAttribute(long minimum, long maximum) : ValidationAttribute
{
    public long Minimum { get; } = minimum;

    public long Maximum { get; } = maximum;

    protected override ValidationResult? IsValid(object? value, ValidationContext validationContext)
    {
        if (value is null || (TryGetNumber(value, out var number) && number >= Minimum && number <= Maximum)) return ValidationResult.Success;

        var name = validationContext.MemberName ?? validationContext.DisplayName;
        var message = string.Create(CultureInfo.InvariantCulture, $"{name} is {value}; it must be between {Minimum} and {Maximum}.");
        return new ValidationResult(message, [name]);
    }

    private static bool TryGetNumber(object value, out long number)
    {
        (var isNumber, number) = value switch
        {
            long int64 => (true, int64),
            int int32 => (true, int32),
            short int16 => (true, int16),
            byte uint8 => (true, uint8),
            _ => (false, 0L),
        };
        return isNumber;
    }
}
