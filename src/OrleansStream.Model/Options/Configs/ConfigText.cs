using System.Globalization;

namespace OrleansStream.Model.Options.Configs;

/// <summary>Configs travel and are stored as text; here text and values meet.</summary>
public static class ConfigText
{
    public static long ToLong(string text) => long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);

    public static bool ToBoolean(string text) => text.Equals("true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The items of a list, in order, without the spaces around them. Empty text is an empty list.</summary>
    public static IReadOnlyList<string> ToList(string text) =>
        text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    internal static string? CheckType(ConfigDefinition definition, string value)
    {
        var fits = definition.Type switch
        {
            ConfigType.Boolean => value.Equals("true", StringComparison.OrdinalIgnoreCase) || value.Equals("false", StringComparison.OrdinalIgnoreCase),
            ConfigType.Short => short.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Int => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Long => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Double => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            ConfigType.List => ToList(value) is var items && items.Distinct(StringComparer.Ordinal).Count() == items.Count,
            _ => true,
        };

        return fits ? null : $"Invalid value {value} for configuration {definition.Name}: {Expected(definition.Type)}.";
    }

    private static string Expected(ConfigType type) => type switch
    {
        ConfigType.Boolean => "expected value to be either true or false",
        ConfigType.List => "expected a list without duplicates",
        ConfigType.Double => "not a number of type DOUBLE",
        _ => $"not a number of type {type.ToString().ToUpperInvariant()}",
    };
}
