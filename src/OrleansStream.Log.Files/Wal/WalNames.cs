using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Files.Wal;

/// <summary>Names of WAL files: <c>wal/{session}-{number:x8}.wal</c>, numbered from 0 in each session.</summary>
public static class WalNames
{
    public const string Directory = "wal";

    private const string Ending = ".wal";
    private const int NumberDigits = 8;

    public static string PathOf(SessionId session, int number) => string.Create(CultureInfo.InvariantCulture, $"{Directory}/{session}-{number:x8}{Ending}");

    /// <summary>Reads a name without its directory. False if it is no WAL file's.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out SessionId? session, out int number)
    {
        session = null;
        number = 0;
        if (!name.EndsWith(Ending, StringComparison.Ordinal)) return false;

        var dash = name.LastIndexOf('-');
        if (dash < 1 || name.Length - Ending.Length - dash - 1 != NumberDigits) return false;
        if (!int.TryParse(name.AsSpan(dash + 1, NumberDigits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number) || number < 0) return false;

        try
        {
            session = SessionId.Parse(name[..dash]);
            return true;
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            return false;
        }
    }
}
