namespace OrleansStream.Model.Options.Configs;

/// <summary>The broker configs of this process: what was set at its start, and Kafka's defaults for the rest.</summary>
public sealed class BrokerConfigValues
{
    private readonly IReadOnlyDictionary<string, string> _set;

    /// <param name="set">By Kafka's names; already checked with <see cref="Check"/>.</param>
    public BrokerConfigValues(IReadOnlyDictionary<string, string> set) => _set = set;

    /// <summary>Says what is wrong with what somebody wants to set, or null.</summary>
    public static string? Check(string name, string value)
    {
        var definition = BrokerConfigs.Find(name);
        if (definition is null)
        {
            return $"'{name}' is no broker config that OrleansStream knows.";
        }

        // A broker config behind a topic config obeys the topic config's rule: retention.ms of -5 is wrong in both places.
        return definition.Check(value) ?? TopicConfigs.All.Select(topic => CheckFor(topic, name, value)).FirstOrDefault(static wrong => wrong is not null);
    }

    /// <summary>These and more, which count as set and replace what was set.</summary>
    public BrokerConfigValues With(IReadOnlyDictionary<string, string> more)
    {
        var set = new Dictionary<string, string>(_set, StringComparer.Ordinal);
        foreach (var (name, value) in more) set[name] = value;
        return new BrokerConfigValues(set);
    }

    private static string? CheckFor(ConfigDefinition topic, string name, string value) => topic.Synonyms.FirstOrDefault(synonym => synonym.Name == name) switch
    {
        { Name: null } => null,
        { Factor: 1 } => topic.Rule.Check(name, value),

        // The topic's rule speaks of the topic's unit: its message names what the broker's number became.
        var synonym => topic.Rule.Check(topic.Name, Scale(value, synonym.Factor)) is { } wrong ? $"{name} is {value}: {wrong}" : null,
    };

    public bool IsSet(string name) => _set.ContainsKey(name);

    /// <summary>The value in force as text; null for a config without a value.</summary>
    public string? this[string name] => _set.GetValueOrDefault(name) ?? BrokerConfigs.Find(name)?.Default;

    public long Long(string name) => ConfigText.ToLong(this[name]!);

    /// <summary>A number that is bounded by its config's range to fit.</summary>
    public int Int(string name) => (int)Math.Clamp(Long(name), int.MinValue, int.MaxValue);

    public bool Boolean(string name) => ConfigText.ToBoolean(this[name]!);

    /// <summary>A number of milliseconds; what is longer than a <see cref="TimeSpan"/> can say counts as the longest one.</summary>
    public TimeSpan Milliseconds(string name) => TimeSpan.FromMilliseconds(Math.Clamp(Long(name), 0, (long)TimeSpan.MaxValue.TotalMilliseconds - 1));

    /// <summary>The value of a topic config: the topic's own, else the first broker config behind it that is set, else the default.</summary>
    public string TopicValue(ConfigDefinition definition, IReadOnlyDictionary<string, string> topic)
    {
        if (topic.TryGetValue(definition.Name, out var own))
        {
            return own;
        }

        foreach (var synonym in definition.Synonyms)
        {
            if (_set.TryGetValue(synonym.Name, out var value))
            {
                return Scale(value, synonym.Factor);
            }
        }

        return definition.Default!;
    }

    /// <summary>A broker's number in the topic config's unit. Negative numbers stand for "no bound" and stay.</summary>
    public static string Scale(string value, long factor) =>
        factor == 1 || ConfigText.ToLong(value) < 0 ? value : checked(ConfigText.ToLong(value) * factor).ToString(System.Globalization.CultureInfo.InvariantCulture);
}
