using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>The membership table in an Azure storage account, row for row as Orleans' own packages keep it, so that silos of both kinds form one cluster.</summary>
/// <remarks>Nothing is cached: Orleans asks seldom, and every answer has to be the table's.</remarks>
internal sealed partial class AzureTableMembershipTable(
    IOptions<AzureTableClusteringOptions> options,
    IOptions<ClusterOptions> cluster,
    TimeProvider time,
    ILogger<AzureTableMembershipTable> logger) : IMembershipTable
{
    private readonly AzureTableClusteringOptions _options = options.Value;
    private readonly string _clusterId = cluster.Value.ClusterId;
    private readonly SiloTable _table = new(options.Value, cluster.Value.ClusterId);

    public async Task InitializeMembershipTableAsync(bool tryInitTableVersion, CancellationToken cancellationToken = default)
    {
        await _table.CreateIfAbsentAsync(cancellationToken);
        if (!tryInitTableVersion) return;

        for (var attempt = 0; !await TryWriteFirstVersionAsync(attempt, cancellationToken); attempt++)
        {
            await Task.Delay(RetryDelays.After(attempt, _options.RetryDelay), time, cancellationToken);
        }
    }

    public async Task<MembershipTableData> ReadRowAsync(SiloAddress key, CancellationToken cancellationToken = default) =>
        DataOf(await _table.ReadOneAsync(SiloRow.KeyOf(key), cancellationToken));

    public async Task<MembershipTableData> ReadAllAsync(CancellationToken cancellationToken = default) => DataOf(await _table.ReadAllAsync(cancellationToken));

    public Task<bool> InsertRowAsync(MembershipEntry entry, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        CommitAsync(MembershipTransaction.Insert(SiloRow.Of(_clusterId, entry), tableVersion.Version, tableVersion.VersionEtag), entry, cancellationToken);

    public Task<bool> UpdateRowAsync(MembershipEntry entry, string etag, TableVersion tableVersion, CancellationToken cancellationToken = default) =>
        CommitAsync(MembershipTransaction.Update(SiloRow.Of(_clusterId, entry), tableVersion.Version, tableVersion.VersionEtag), entry, cancellationToken);

    public async Task UpdateIAmAliveAsync(MembershipEntry entry, CancellationToken cancellationToken = default)
    {
        if (!await _table.TryMergeAsync(SiloRow.Heartbeat(_clusterId, entry), cancellationToken)) LogHeartbeatWithoutRow(entry.SiloAddress);
    }

    public async Task CleanupDefunctSiloEntriesAsync(DateTimeOffset beforeDate, CancellationToken cancellationToken = default)
    {
        var snapshot = await _table.ReadAllAsync(cancellationToken);
        var defunct = snapshot.Silos.Where(row => TryParse(row) is { Status: SiloStatus.Dead } entry && LastHeardOf(entry) < beforeDate.UtcDateTime);

        // The version stays: who was dead long ago changes nobody's view.
        var deleted = await _table.DeleteUnchangedAsync(defunct, cancellationToken);
        if (deleted > 0) LogCleaned(deleted, _clusterId);
    }

    public Task DeleteMembershipTableEntriesAsync(string clusterId, CancellationToken cancellationToken = default) =>
        (clusterId == _clusterId ? _table : new SiloTable(_options, clusterId)).DeleteAllAsync(cancellationToken);

    Task IMembershipTable.InitializeMembershipTable(bool tryInitTableVersion) => InitializeMembershipTableAsync(tryInitTableVersion);

    Task<MembershipTableData> IMembershipTable.ReadRow(SiloAddress key) => ReadRowAsync(key);

    Task<MembershipTableData> IMembershipTable.ReadAll() => ReadAllAsync();

    Task<bool> IMembershipTable.InsertRow(MembershipEntry entry, TableVersion tableVersion) => InsertRowAsync(entry, tableVersion);

    Task<bool> IMembershipTable.UpdateRow(MembershipEntry entry, string etag, TableVersion tableVersion) => UpdateRowAsync(entry, etag, tableVersion);

    Task IMembershipTable.UpdateIAmAlive(MembershipEntry entry) => UpdateIAmAliveAsync(entry);

    Task IMembershipTable.CleanupDefunctSiloEntries(DateTimeOffset beforeDate) => CleanupDefunctSiloEntriesAsync(beforeDate);

    Task IMembershipTable.DeleteMembershipTableEntries(string clusterId) => DeleteMembershipTableEntriesAsync(clusterId);

    // Returns false to be called again. An earlier try that succeeded unseen makes the next one lose a race, which is as good.
    private async Task<bool> TryWriteFirstVersionAsync(int attempt, CancellationToken cancellationToken)
    {
        var rows = VersionRows.Fences(_clusterId, 0).Prepend(VersionRows.OfVersion(_clusterId, 0));
        try
        {
            await _table.SubmitAsync(rows.Select(row => new TableTransactionAction(TableTransactionActionType.Add, row)), cancellationToken);
            LogFirstVersion(_options.TableName, _clusterId);
            return true;
        }
        catch (RequestFailedException failed) when (StorageFailure.IsLostRace(failed))
        {
            // Another silo was first, perhaps years ago. Silos that know no fences leave them out; the next change adds them.
            return true;
        }
        catch (Exception exception) when (attempt < _options.MaxRetries && StorageFailure.LeavesOutcomeUnknown(exception, cancellationToken))
        {
            LogUnclear(exception, "the first version");
            return false;
        }
    }

    private async Task<bool> CommitAsync(MembershipTransaction change, MembershipEntry entry, CancellationToken cancellationToken)
    {
        var committed = await change.CommitAsync(_table, _options, time, exception => LogUnclear(exception, entry.SiloAddress), cancellationToken);
        if (!committed) LogLostRace(entry.SiloAddress, entry.Status);
        return committed;
    }

    private MembershipTableData DataOf(TableSnapshot snapshot)
    {
        var members = new List<Tuple<MembershipEntry, string>>();
        foreach (var row in snapshot.Silos)
        {
            if (TryParse(row) is { } entry) members.Add(Tuple.Create(entry, row.ETag.ToString()));
        }

        return new MembershipTableData(members, snapshot.Version);
    }

    // One bad row must not blind every silo to all others.
    private MembershipEntry? TryParse(TableEntity row)
    {
        try
        {
            return SiloRow.Parse(row);
        }
        catch (FormatException exception)
        {
            LogBadRow(exception, row.RowKey);
            return null;
        }
    }

    // A vote counts too: a silo may be declared dead long after its last heartbeat, and others have to see that for a while.
    private static DateTime LastHeardOf(MembershipEntry entry) =>
        (entry.SuspectTimes ?? []).Select(suspicion => suspicion.Item2).Append(entry.StartTime).Append(entry.IAmAliveTime).Max();

    [LoggerMessage(EventId = 1, Level = LogLevel.Information, Message = "Membership table {Table}: wrote the first version of cluster {ClusterId}.")]
    private partial void LogFirstVersion(string table, string clusterId);

    [LoggerMessage(EventId = 2, Level = LogLevel.Warning, Message = "A membership write got no clear answer: {Subject}. Reading the table to see what happened.")]
    private partial void LogUnclear(Exception exception, object subject);

    [LoggerMessage(EventId = 3, Level = LogLevel.Debug, Message = "Another silo changed the membership table first; {Silo} as {Status} was not written.")]
    private partial void LogLostRace(SiloAddress silo, SiloStatus status);

    [LoggerMessage(EventId = 4, Level = LogLevel.Warning, Message = "{Silo} has no row in the membership table that could take its heartbeat.")]
    private partial void LogHeartbeatWithoutRow(SiloAddress silo);

    [LoggerMessage(EventId = 5, Level = LogLevel.Error, Message = "Row {RowKey} of the membership table is not a silo's and is left out.")]
    private partial void LogBadRow(Exception exception, string rowKey);

    [LoggerMessage(EventId = 6, Level = LogLevel.Information, Message = "Removed {Count} rows of dead silos of cluster {ClusterId} from the membership table.")]
    private partial void LogCleaned(int count, string clusterId);
}
