using System.Globalization;
using System.Net;
using Azure.Data.Tables;
using Orleans;
using Orleans.Runtime;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>One silo's row: a membership entry as text, as docs/formats/membership-table.md lays it down.</summary>
internal static class SiloRow
{
    private const char Separator = '|';

    public static string KeyOf(SiloAddress silo) =>
        string.Create(CultureInfo.InvariantCulture, $"{silo.Endpoint.Address}-{silo.Endpoint.Port}-{silo.Generation}");

    public static TableEntity Of(string clusterId, MembershipEntry entry)
    {
        var suspicions = entry.SuspectTimes ?? [];
        return new TableEntity(clusterId, KeyOf(entry.SiloAddress))
        {
            [Columns.DeploymentId] = clusterId,
            [Columns.Address] = entry.SiloAddress.Endpoint.Address.ToString(),
            [Columns.Port] = Text(entry.SiloAddress.Endpoint.Port),
            [Columns.Generation] = Text(entry.SiloAddress.Generation),
            [Columns.HostName] = entry.HostName,
            [Columns.Status] = entry.Status.ToString(),
            [Columns.ProxyPort] = Text(entry.ProxyPort),
            [Columns.RoleName] = entry.RoleName,
            [Columns.SiloName] = entry.SiloName,
            // The name that SiloName had in old versions, which still read it.
            [Columns.InstanceName] = entry.SiloName,
            [Columns.UpdateZone] = Text(entry.UpdateZone),
            [Columns.FaultZone] = Text(entry.FaultZone),
            [Columns.SuspectingSilos] = string.Join(Separator, suspicions.Select(suspicion => suspicion.Item1.ToParsableString())),
            [Columns.SuspectingTimes] = string.Join(Separator, suspicions.Select(suspicion => LogFormatter.PrintDate(suspicion.Item2))),
            [Columns.StartTime] = LogFormatter.PrintDate(entry.StartTime),
            [Columns.IAmAliveTime] = LogFormatter.PrintDate(entry.IAmAliveTime),
        };
    }

    /// <summary>The part of a row that a heartbeat writes.</summary>
    public static TableEntity Heartbeat(string clusterId, MembershipEntry entry) => new(clusterId, KeyOf(entry.SiloAddress))
    {
        [Columns.DeploymentId] = clusterId,
        [Columns.IAmAliveTime] = LogFormatter.PrintDate(entry.IAmAliveTime),
    };

    /// <exception cref="FormatException">The row is not a silo's.</exception>
    public static MembershipEntry Parse(TableEntity row)
    {
        try
        {
            return new MembershipEntry
            {
                SiloAddress = SiloAddress.New(IPAddress.Parse(Required(row, Columns.Address)), Number(row, Columns.Port), Number(row, Columns.Generation)),
                Status = Enum.Parse<SiloStatus>(Required(row, Columns.Status)),
                ProxyPort = Number(row, Columns.ProxyPort),
                HostName = row.GetString(Columns.HostName) ?? "",
                RoleName = row.GetString(Columns.RoleName),
                SiloName = row.GetString(Columns.SiloName) is { Length: > 0 } name ? name : row.GetString(Columns.InstanceName) ?? "",
                UpdateZone = Number(row, Columns.UpdateZone),
                FaultZone = Number(row, Columns.FaultZone),
                SuspectTimes = Suspicions(row),
                StartTime = Date(row.GetString(Columns.StartTime)),
                IAmAliveTime = Date(row.GetString(Columns.IAmAliveTime)),
            };
        }
        catch (Exception exception) when (exception is ArgumentException or OverflowException or InvalidOperationException)
        {
            throw new FormatException($"Row {row.RowKey} of cluster {row.PartitionKey} is not a silo's: {exception.Message}", exception);
        }
    }

    /// <summary>True if a stored row says what a written one was to say, whatever heartbeats came since.</summary>
    public static bool SaysTheSame(TableEntity stored, TableEntity written) =>
        Columns.OfSiloButHeartbeat.All(column => (stored.GetString(column) ?? "") == (written.GetString(column) ?? ""));

    private static List<Tuple<SiloAddress, DateTime>>? Suspicions(TableEntity row)
    {
        var silos = Parts(row.GetString(Columns.SuspectingSilos));
        var times = Parts(row.GetString(Columns.SuspectingTimes));
        if (silos.Length != times.Length) throw new FormatException($"Row {row.RowKey} names {silos.Length} suspecting silos, but {times.Length} times.");

        return silos.Length == 0 ? null : [.. silos.Zip(times, (silo, time) => Tuple.Create(SiloAddress.FromParsableString(silo), Date(time)))];
    }

    private static string[] Parts(string? text) => string.IsNullOrEmpty(text) ? [] : text.Split(Separator);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Required(TableEntity row, string column) =>
        row.GetString(column) is { Length: > 0 } text ? text : throw new FormatException($"Row {row.RowKey} of cluster {row.PartitionKey} lacks {column}.");

    private static int Number(TableEntity row, string column) =>
        row.GetString(column) is { Length: > 0 } text ? int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;

    private static DateTime Date(string? text) => string.IsNullOrEmpty(text) ? default : DateTime.SpecifyKind(LogFormatter.ParseDate(text), DateTimeKind.Utc);
}
