namespace OrleansStream.Server.Configuration;

/// <summary>Finds what somebody who mistyped a name may have meant.</summary>
internal static class Nearest
{
    private const int Shown = 3;

    /// <summary>The end of a sentence that refuses a name: the known names that are nearest to it.</summary>
    public static string To(string name, IEnumerable<string> known) => $"The nearest names are {string.Join(", ", Sorted(name, known).Take(Shown).Select(candidate => candidate.Name))}.";

    /// <summary>The one name that is nearest; null if none is so near that it was meant, as a rule.</summary>
    public static string? Of(string name, IEnumerable<string> known) => Sorted(name, known).FirstOrDefault(candidate => candidate.Distance <= name.Length / 2).Name;

    private static IEnumerable<(string Name, int Distance)> Sorted(string name, IEnumerable<string> known) => known
        .Select(candidate => (Name: candidate, Distance: Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
        .OrderBy(candidate => candidate.Distance).ThenBy(candidate => candidate.Name, StringComparer.Ordinal);

    // Levenshtein's: insertions, deletions and replacements between the two.
    private static int Distance(string left, string right)
    {
        var row = new int[right.Length + 1];
        for (var column = 0; column <= right.Length; column++)
        {
            row[column] = column;
        }

        for (var line = 1; line <= left.Length; line++)
        {
            var diagonal = row[0];
            row[0] = line;
            for (var column = 1; column <= right.Length; column++)
            {
                var replaced = diagonal + (left[line - 1] == right[column - 1] ? 0 : 1);
                diagonal = row[column];
                row[column] = Math.Min(replaced, 1 + Math.Min(row[column], row[column - 1]));
            }
        }

        return row[right.Length];
    }
}
