using System.Globalization;
using Azure.Data.Tables;
using Orleans;
using Orleans.Runtime;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>The rows beside the silos': one holds the table's version, two fences repeat it on both sides of everything else.</summary>
internal static class VersionRows
{
    public const string Version = "VersionRow";

    // '!' sorts before every digit and letter, '~' after them: an answer in row order begins and ends with a fence.
    public const string FirstFence = "!Start";
    public const string LastFence = "~End";

    public static bool IsOne(string rowKey) => rowKey is Version or FirstFence or LastFence;

    public static TableEntity OfVersion(string clusterId, int version) => new(clusterId, Version)
    {
        [Columns.DeploymentId] = clusterId,
        [Columns.MembershipVersion] = version.ToString(CultureInfo.InvariantCulture),
    };

    /// <summary>Both fences. They call themselves active because silos of older versions clean away every other row.</summary>
    public static IEnumerable<TableEntity> Fences(string clusterId, int version)
    {
        foreach (var key in (string[])[FirstFence, LastFence])
        {
            var fence = OfVersion(clusterId, version);
            fence.RowKey = key;
            fence[Columns.Status] = nameof(SiloStatus.Active);
            yield return fence;
        }
    }

    /// <exception cref="InvalidOperationException">The row holds no number: somebody else than a silo wrote it.</exception>
    public static TableVersion Parse(TableEntity row) =>
        int.TryParse(row.GetString(Columns.MembershipVersion), NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? new TableVersion(version, row.ETag.ToString())
            : throw new InvalidOperationException($"The version row of cluster {row.PartitionKey} holds '{row.GetString(Columns.MembershipVersion)}' where a number should be.");
}
