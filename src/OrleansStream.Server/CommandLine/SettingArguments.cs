namespace OrleansStream.Server.CommandLine;

/// <summary>Settings on the command line as every .NET program takes them: <c>--Section:Name=Value</c> or <c>--Section:Name Value</c>. The colon tells them from switches.</summary>
internal static class SettingArguments
{
    private const string Prefix = "--";

    /// <summary>Parts settings from verbs and switches, which are left in their order.</summary>
    /// <exception cref="StartupException">A setting has no value.</exception>
    public static (IReadOnlyList<string> Others, IReadOnlyDictionary<string, string?> Settings) Split(IReadOnlyList<string> arguments)
    {
        var others = new List<string>(arguments.Count);
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < arguments.Count; index++)
        {
            var argument = arguments[index];
            if (!IsSetting(argument, out var equals))
            {
                others.Add(argument);
            }
            else if (equals >= 0)
            {
                settings[argument[Prefix.Length..equals]] = argument[(equals + 1)..];
            }
            else if (index + 1 < arguments.Count && !arguments[index + 1].StartsWith(Prefix, StringComparison.Ordinal))
            {
                settings[argument[Prefix.Length..]] = arguments[++index];
            }
            else
            {
                throw new StartupException($"{argument} has no value: write {argument}=VALUE.");
            }
        }

        return (others, settings);
    }

    private static bool IsSetting(string argument, out int equals)
    {
        equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? argument : argument[..equals];
        return name.StartsWith(Prefix, StringComparison.Ordinal) && name.IndexOf(':', StringComparison.Ordinal) > Prefix.Length;
    }
}
