using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using OrleansStream.Model.Ids;

namespace OrleansStream.Log.Segments;

/// <summary>
/// Names of a partition's objects: <c>p/{hash3}/{topic id}/{partition}/{base:x16}-{epoch}-{guid}</c>, of snapshots with an ending. The epoch is that of the
/// manifest that the writer read; by it the sweep judges an object that no manifest names (rule D4).
/// </summary>
internal readonly record struct SegmentName(PartitionId Partition, Offset BaseOffset, LeaderEpoch Epoch)
{
    /// <summary>What all names of objects of partitions begin with.</summary>
    public const string Root = "p/";

    private const int HashDigits = 3;

    public static string New(PartitionId partition, Offset baseOffset, LeaderEpoch epoch, Guid unique) =>
        string.Create(CultureInfo.InvariantCulture, $"{PrefixOf(partition)}{baseOffset.Value:x16}-{epoch}-{unique:N}");

    /// <summary>What all names of a partition's objects begin with.</summary>
    public static string PrefixOf(PartitionId partition)
    {
        var hash = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(partition.ToString())) >> (64 - (4 * HashDigits));
        return string.Create(CultureInfo.InvariantCulture, $"{Root}{hash:x3}/{partition}/");
    }

    /// <summary>Reads a name of a segment or snapshot. False if it is neither.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out SegmentName? parsed)
    {
        parsed = null;
        var parts = name.Split('/');
        if (parts.Length != 5 || $"{parts[0]}/" != Root || parts[1].Length != HashDigits) return false;
        if (!Guid.TryParseExact(parts[2], "N", out var topic) || !int.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var index)) return false;

        var own = parts[4].Split('-');
        if (own.Length != 3 || !long.TryParse(own[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var offset)) return false;
        if (!int.TryParse(own[1], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)) return false;

        parsed = new SegmentName(new PartitionId(new TopicId(topic), index), new Offset(offset), new LeaderEpoch(epoch));
        return true;
    }
}
