using System.Text.RegularExpressions;
using OrleansStream.Grains.Topics;
using OrleansStream.Model.Ids;

namespace OrleansStream.Server.CommandLine;

/// <summary>Puts names beside the ids of partitions in what verification tells: damage is found by parts of the log, which know ids and no names.</summary>
internal sealed partial class NamedFindings(CatalogNames names)
{
    /// <summary>Whether a partition was met that has no name.</summary>
    public bool HasUnnamed { get; private set; }

    /// <summary>The same text with names.</summary>
    public string Name(string text) => Partition().Replace(text, Named);

    private string Named(Match match)
    {
        if (names.NameOf(PartitionId.Parse(match.Value)) is { } name) return $"{name} ({match.Value})";
        HasUnnamed = true;
        return match.Value;
    }

    // Topic id, slash, number; not as a part of an object's path, where the same stand beside others.
    [GeneratedRegex(@"(?<![\w/+-])[0-9a-f]{32}/[0-9]{1,9}(?![\w/+])")]
    private static partial Regex Partition();
}
