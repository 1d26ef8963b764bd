using System.Globalization;

namespace OrleansStream.Model.Options.Configs;

/// <summary>What values a config takes beyond those of its type.</summary>
public abstract class ConfigRule
{
    /// <summary>Every value of the type.</summary>
    public static ConfigRule Any { get; } = new AnyRule();

    public static ConfigRule AtLeast(long minimum) => new RangeRule(minimum, long.MaxValue);

    public static ConfigRule Between(long minimum, long maximum) => new RangeRule(minimum, maximum);

    public static ConfigRule RealBetween(double minimum, double maximum) => new RealRangeRule(minimum, maximum);

    public static ConfigRule OneOf(params string[] values) => new OneOfRule(values);

    /// <summary>For lists: each item is one of these.</summary>
    public static ConfigRule ItemsOf(params string[] values) => new ItemsRule(values);

    /// <summary>For lists: '*' alone, or pairs of numbers, a partition's and a broker's, with a colon between.</summary>
    public static ConfigRule Replicas { get; } = new ReplicasRule();

    /// <summary>-1, or a number in the range.</summary>
    public static ConfigRule DefaultOrBetween(long minimum, long maximum) => new DefaultOrRangeRule(minimum, maximum);

    /// <summary>For lists: whether an item that stands there again is shown again. It is never a mistake.</summary>
    public virtual bool CountsRepeats => true;

    /// <summary>Says what is wrong with a value that already fits the type, or null.</summary>
    public abstract string? Check(string name, string value);

    private static string Wrong(string name, string value, string why) => $"Invalid value {value} for configuration {name}: {why}.";

    private sealed class AnyRule : ConfigRule
    {
        public override string? Check(string name, string value) => null;
    }

    private sealed class RangeRule(long minimum, long maximum) : ConfigRule
    {
        public override string? Check(string name, string value) => ConfigText.ToLong(value) switch
        {
            var number when number < minimum => Wrong(name, value, $"value must be at least {minimum}"),
            var number when number > maximum => Wrong(name, value, $"value must be no more than {maximum}"),
            _ => null,
        };
    }

    private sealed class DefaultOrRangeRule(long minimum, long maximum) : ConfigRule
    {
        public override string? Check(string name, string value) =>
            ConfigText.ToLong(value) is var number && (number == -1 || (number >= minimum && number <= maximum))
                ? null
                : Wrong(name, value, $"value must be -1 or between {minimum} and {maximum}");
    }

    private sealed class RealRangeRule(double minimum, double maximum) : ConfigRule
    {
        public override string? Check(string name, string value) =>
            double.Parse(value, CultureInfo.InvariantCulture) is var number && number >= minimum && number <= maximum
                ? null
                : Wrong(name, value, string.Create(CultureInfo.InvariantCulture, $"value must be between {minimum} and {maximum}"));
    }

    private sealed class ReplicasRule : ConfigRule
    {
        public override string? Check(string name, string value) =>
            ConfigText.ToList(value) is ["*"] || ConfigText.ToList(value).All(IsReplica)
                ? null
                : Wrong(name, value, "it must be the literal '*' or a list of replicas in the following format: [partitionId]:[brokerId],[partitionId]:[brokerId],...");

        private static bool IsReplica(string item) =>
            item.Split(':') is [var partition, var broker] && IsNumber(partition) && IsNumber(broker);

        private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);
    }

    private sealed class OneOfRule(string[] values) : ConfigRule
    {
        public override string? Check(string name, string value) =>
            values.Contains(value, StringComparer.Ordinal) ? null : Wrong(name, value, $"string must be one of: {string.Join(", ", values)}");
    }

    private sealed class ItemsRule(string[] values) : ConfigRule
    {
        public override bool CountsRepeats => false;

        public override string? Check(string name, string value) => ConfigText.ToItems(value).FirstOrDefault(item => !values.Contains(item, StringComparer.Ordinal)) switch
        {
            null => null,
            "" => $"Configuration '{name}' values must not be empty.",
            var stranger => Wrong(name, stranger, $"string must be one of: {string.Join(", ", values)}"),
        };
    }
}
