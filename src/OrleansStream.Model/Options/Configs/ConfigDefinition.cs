namespace OrleansStream.Model.Options.Configs;

/// <summary>One Kafka config: its name, type, default and what values it takes.</summary>
public sealed record ConfigDefinition
{
    public required string Name { get; init; }

    public required ConfigType Type { get; init; }

    /// <summary>As text; null for none.</summary>
    public required string? Default { get; init; }

    /// <summary>What it does here, in a sentence.</summary>
    public string Documentation { get; init; } = "";

    /// <summary>What values it takes beyond those of its type.</summary>
    public ConfigRule Rule { get; init; } = ConfigRule.Any;

    /// <summary>Broker configs that give the topic's default, the first that is set counts.</summary>
    public IReadOnlyList<ConfigSynonym> Synonyms { get; init; } = [];

    /// <summary>The same config with one more broker config behind it.</summary>
    public ConfigDefinition From(string brokerConfig, long factor = 1) => this with { Synonyms = [.. Synonyms, new ConfigSynonym(brokerConfig, factor)] };

    /// <summary>Says what is wrong with a value, or null.</summary>
    public string? Check(string? value) => value is null
        ? $"Null value not supported for {Name}."
        : ConfigText.CheckType(this, value) ?? Rule.Check(Name, value);

    /// <summary>A legal value as tools are shown it: as Kafka writes down what it has read, so that <c>+5</c> is 5 and <c>TRUE</c> is true.</summary>
    public string Show(string value) => ConfigText.Show(this, value);
}

/// <summary>A broker config that stands behind a topic config.</summary>
/// <param name="Factor">By what the broker's number is multiplied: hours and minutes to milliseconds.</param>
public readonly record struct ConfigSynonym(string Name, long Factor = 1);
