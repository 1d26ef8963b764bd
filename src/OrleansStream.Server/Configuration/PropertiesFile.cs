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

    private static List<KeyValuePair<string, string?>> Parse(IEnumerable<string> lines, string path)
    {
        var settings = new List<KeyValuePair<string, string?>>();
        var begun = "";
        foreach (var line in lines)
        {
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

            var separator = text.IndexOfAny(['=', ':']);
            settings.Add(separator > 0
                ? new($"{KafkaSection.Name}:{text[..separator].TrimEnd()}", text[(separator + 1)..].Trim())
                : throw new StartupException($"The configuration file '{path}' has the line '{text}'; a setting is written name=value."));
        }

        return settings;
    }
}
