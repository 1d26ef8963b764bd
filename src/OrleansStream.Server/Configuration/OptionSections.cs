using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using OrleansStream.Coordination.Groups;
using OrleansStream.Grains.Cluster;
using OrleansStream.Kafka.Gateway.Connections;
using OrleansStream.Log.AzureBlobs.Accounts;
using OrleansStream.Log.AzureBlobs.Brokers;
using OrleansStream.Log.AzureBlobs.Reading;
using OrleansStream.Log.Budgets;
using OrleansStream.Log.Economy;
using OrleansStream.Log.Files.Wal;
using OrleansStream.Log.Journals;
using OrleansStream.Log.Producers;
using OrleansStream.Log.Retention;
using OrleansStream.Log.Segments;
using OrleansStream.Log.Serving;
using OrleansStream.Model.Records;

namespace OrleansStream.Server.Configuration;

/// <summary>The sections under <c>OrleansStream</c> with the classes that they fill. What stands in no class is refused: a mistyped bound would silently be none.</summary>
internal static class OptionSections
{
    // Sections that others read: ASP.NET's logging.
    private const string Logging = "Logging";

    private static readonly Dictionary<string, Type> Sections = new(StringComparer.OrdinalIgnoreCase)
    {
        [ServerOptions.Section] = typeof(ServerOptions),
        [MetricsOptions.Section] = typeof(MetricsOptions),
        [GatewayOptions.Section] = typeof(GatewayOptions),
        [FileLaneOptions.Section] = typeof(FileLaneOptions),
        [LingerOptions.Section] = typeof(LingerOptions),
        [WriteBudgetOptions.Section] = typeof(WriteBudgetOptions),
        [WalReaderOptions.Section] = typeof(WalReaderOptions),
        [TailCacheOptions.Section] = typeof(TailCacheOptions),
        [JournalOptions.Section] = typeof(JournalOptions),
        [ProducerOptions.Section] = typeof(ProducerOptions),
        [SegmentOptions.Section] = typeof(SegmentOptions),
        [SplitOptions.Section] = typeof(SplitOptions),
        [UnsplitOptions.Section] = typeof(UnsplitOptions),
        [MergeOptions.Section] = typeof(MergeOptions),
        [UpkeepOptions.Section] = typeof(UpkeepOptions),
        [WorkBudgetOptions.Section] = typeof(WorkBudgetOptions),
        [ValidationOptions.Section] = typeof(ValidationOptions),
        [GroupOptions.Section] = typeof(GroupOptions),
        [BlobAccountOptions.Section] = typeof(BlobAccountOptions),
        [BlobLaneOptions.Section] = typeof(BlobLaneOptions),
        [BlobReadingOptions.Section] = typeof(BlobReadingOptions),
        [MovementOptions.Section] = typeof(MovementOptions),
    };

    /// <summary>Refuses names that mean nothing, and values that are not of their option's type.</summary>
    /// <param name="configuration">All of it.</param>
    /// <param name="given">File and command line alone: whatever stands there was meant for this process, while the environment holds much else.</param>
    /// <exception cref="StartupException">The first wrong name or value.</exception>
    public static void Check(IConfiguration configuration, IConfiguration given)
    {
        string[] top = [ServerOptions.Section, KafkaSection.Name, Logging];
        if (given.GetChildren().FirstOrDefault(child => !top.Contains(child.Key, StringComparer.OrdinalIgnoreCase)) is { } stranger)
        {
            throw new StartupException($"There is no section '{stranger.Key}'. {Nearest.To(stranger.Key, top)}");
        }

        CheckSection(configuration.GetSection(ServerOptions.Section));
    }

    /// <summary>A section's options, checked against their rules.</summary>
    /// <exception cref="StartupException">A value breaks its option's rule.</exception>
    public static T Read<T>(IConfiguration configuration, string section)
        where T : class, new() => Validated(configuration.GetSection(section).Get<T>() ?? new T(), section);

    /// <summary>The options, if each keeps its rule.</summary>
    /// <exception cref="StartupException">A value breaks its option's rule.</exception>
    public static T Validated<T>(T options, string section)
        where T : class
    {
        var failures = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), failures, validateAllProperties: true))
        {
            return options;
        }

        var message = failures[0].ErrorMessage!;
        throw new StartupException(message.StartsWith(section, StringComparison.Ordinal) ? message : $"{section}:{message}");
    }

    private static void CheckSection(IConfigurationSection section)
    {
        var type = Sections[section.Path];
        var known = KnownNames(section.Path, type);
        foreach (var child in section.GetChildren())
        {
            if (Sections.ContainsKey(child.Path))
            {
                CheckSection(child);
            }
            else if (type.GetProperty(child.Key, BindingFlags.Public | BindingFlags.Instance | BindingFlags.IgnoreCase) is { } property)
            {
                CheckValue(child, property.PropertyType);
            }
            else
            {
                throw new StartupException($"There is no option '{child.Path}'. {Nearest.To(child.Path, known)}");
            }
        }
    }

    private static IEnumerable<string> KnownNames(string path, Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(property => $"{path}:{property.Name}")
            .Concat(Sections.Keys.Where(name => name.StartsWith(path + ":", StringComparison.OrdinalIgnoreCase)));

    private static void CheckValue(IConfigurationSection option, Type type)
    {
        if (option.Value is not { } value)
        {
            throw new StartupException($"{option.Path} has no value.");
        }

        type = Nullable.GetUnderlyingType(type) ?? type;

        // A bare number would be days.
        if (type == typeof(TimeSpan) && !value.Contains(':', StringComparison.Ordinal))
        {
            throw new StartupException($"{option.Path} is '{value}'; it takes {Kind(type)}, such as 00:00:03 for three seconds.");
        }

        try
        {
            TypeDescriptor.GetConverter(type).ConvertFromInvariantString(value);
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException or NotSupportedException or OverflowException)
        {
            throw new StartupException($"{option.Path} is '{value}'; it takes {Kind(type)}.", exception);
        }
    }

    private static string Kind(Type type) => type switch
    {
        { IsEnum: true } => "one of " + string.Join(", ", Enum.GetNames(type)),
        _ when type == typeof(TimeSpan) => "a time as hh:mm:ss.fff or d.hh:mm:ss",
        _ when type == typeof(bool) => "true or false",
        _ when type == typeof(int) || type == typeof(long) || type == typeof(short) => "a whole number",
        _ when type == typeof(double) => "a number",
        _ => $"a {type.Name}",
    };
}
