using Microsoft.Extensions.Configuration;

namespace OrleansStream.Server.Configuration;

/// <summary>A Kafka broker's <c>server.properties</c>, each line of which is a setting of the section Kafka. Escapes of Java's format other than a backslash at the end of a line mean themselves.</summary>
internal static class PropertiesFile
{
    public const string Extension = ".properties";

    /// <exception cref="StartupException">The file cannot be read, or a line is no setting.</exception>
    public static IConfigurationBuilder AddPropertiesFile(this IConfigurationBuilder builder, string path)
    {
        try
        {
            return builder.AddInMemoryCollection(Parse(File.ReadLines(path), path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"The configuration file '{path}' cannot be read: {exception.Message}", exception);
        }
    }

    // A name that stands twice has its last value, as in Java.
    private static Dictionary<string, string?> Parse(IEnumerable<string> lines, string path)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var begun = "";
        var number = 0;
        foreach (var line in lines.Append("")) // The last line may end with a backslash too.
        {
            number++;
            var text = begun + line.TrimStart();
            begun = "";
            if (text.Length == 0 || text[0] is '#' or '!')
            {
                continue;
            }

            if (text.EndsWith('\\'))
            {
                begun = text[..^1];
                continue;
            }

            // The line itself is not told: it may hold a password.
            var separator = text.IndexOfAny(['=', ':']);
            settings[separator > 0 ? $"{KafkaSection.Name}:{text[..separator].TrimEnd()}" : throw new StartupException($"Line {number} of the configuration file '{path}' is no setting; one is written name=value.")] =
                text[(separator + 1)..].Trim();
        }

        return settings;
    }
}
