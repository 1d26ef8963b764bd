using System.CommandLine;
using OrleansStream.Server.Configuration;

namespace OrleansStream.Server.CommandLine;

/// <summary>What stands on a command line and means nothing there.</summary>
internal static class Unknown
{
    private const string Prefix = "--";

    /// <summary>The sentence that refuses the first of it, with the name that is nearest; null if the first thing wrong is another one.</summary>
    public static string? In(ParseResult parsed, Command root)
    {
        if (parsed.UnmatchedTokens is not [var token, ..] || !parsed.Errors[0].Message.Contains($"'{token}'", StringComparison.Ordinal)) return null;

        var isSwitch = token.StartsWith(Prefix, StringComparison.Ordinal);
        var name = isSwitch ? token.Split('=')[0] : token;
        var known = isSwitch ? root.Options.Select(option => option.Name) : root.Subcommands.Select(verb => verb.Name);
        var nearest = Nearest.Of(name.TrimStart('-'), known.Select(option => option.TrimStart('-')));
        return $"There is no {(isSwitch ? "switch" : "verb")} '{name}'{(nearest is null ? "." : $"; the nearest is {(isSwitch ? Prefix : "")}{nearest}.")}";
    }
}
