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

    /// <summary>The items of a list as Kafka cuts it: those that are empty count, but empty text is an empty list.</summary>
    public static IReadOnlyList<string> ToItems(string text) => string.IsNullOrWhiteSpace(text) ? [] : text.Split(',', StringSplitOptions.TrimEntries);

    internal static string Show(ConfigDefinition definition, string value) => definition.Type switch
    {
        ConfigType.Boolean => ToBoolean(value) ? "true" : "false",
        ConfigType.Short or ConfigType.Int or ConfigType.Long => ToLong(value).ToString(CultureInfo.InvariantCulture),
        ConfigType.Double => double.Parse(value, CultureInfo.InvariantCulture).ToString("0.0################", CultureInfo.InvariantCulture),
        ConfigType.List => string.Join(',', definition.Rule.CountsRepeats ? ToItems(value) : ToItems(value).Distinct(StringComparer.Ordinal)),
        _ => value,
    };

    internal static string? CheckType(ConfigDefinition definition, string value)
    {
        var fits = definition.Type switch
        {
            ConfigType.Boolean => value.Equals("true", StringComparison.OrdinalIgnoreCase) || value.Equals("false", StringComparison.OrdinalIgnoreCase),
            ConfigType.Short => short.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Int => int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Long => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
            ConfigType.Double => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _),
            _ => true,
        };

        return fits ? null : $"Invalid value {value} for configuration {definition.Name}: {Expected(definition.Type)}.";
    }

    private static string Expected(ConfigType type) => type switch
    {
        ConfigType.Boolean => "expected value to be either true or false",
        ConfigType.Double => "not a number of type DOUBLE",
        _ => $"not a number of type {type.ToString().ToUpperInvariant()}",
    };
}
