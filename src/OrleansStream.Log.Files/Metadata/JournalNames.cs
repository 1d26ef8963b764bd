using System.Globalization;

namespace OrleansStream.Log.Files.Metadata;

/// <summary>Names of the journal's files: <c>meta/{number:x16}.log</c>, and <c>.new</c> until its snapshot is durable.</summary>
internal static class JournalNames
{
    public const string Directory = "meta";
    public const string TemporarySuffix = ".new";

    private const string Suffix = ".log";
    private const int Digits = 16;

    public static string File(long number) => string.Create(CultureInfo.InvariantCulture, $"{Directory}/{number:x16}{Suffix}");

    public static string Temporary(long number) => string.Create(CultureInfo.InvariantCulture, $"{Directory}/{number:x16}{TemporarySuffix}");

    public static bool TryParse(string name, out long number)
    {
        number = 0;
        return name.Length == Digits + Suffix.Length && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(0, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number);
    }
}
