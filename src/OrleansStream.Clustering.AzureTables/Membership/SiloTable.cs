using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>The rows of one cluster in the membership table: consistent reads, and writes whose outcome is known. Any number of calls may run at once.</summary>
internal sealed class SiloTable(AzureTableClusteringOptions options, string clusterId)
{
    // A cluster has tens of silos; a table that holds more rows than this is not one.
    private const int MaxRows = 100_000;
    private const int MaxSnapshotReads = 5;
    private const int MaxDeletionsAtOnce = 8;

    // Created by the first call, not with the container: options that cannot make a client are reported by their check, in one sentence.
    private readonly Lazy<TableClient> _client = new(() => StorageClients.Tables(options).GetTableClient(options.TableName));

    private TableClient Client => _client.Value;

    private string Place => $"Table {options.TableName}, cluster {clusterId},";

    public Task CreateIfAbsentAsync(CancellationToken cancellationToken) => Client.CreateIfNotExistsAsync(cancellationToken);

    /// <summary>All silos' rows.</summary>
    /// <exception cref="InconsistentStateException">The table changed during each of several reads in pages. Read again later.</exception>
    /// <exception cref="InvalidOperationException">There is no version row.</exception>
    public Task<TableSnapshot> ReadAllAsync(CancellationToken cancellationToken) =>
        ReadSnapshotAsync(TableClient.CreateQueryFilter($"PartitionKey eq {clusterId}"), cancellationToken);

    /// <summary>One silo's row, if there is one.</summary>
    /// <exception cref="InconsistentStateException">As in <see cref="ReadAllAsync"/>.</exception>
    /// <exception cref="InvalidOperationException">There is no version row.</exception>
    public Task<TableSnapshot> ReadOneAsync(string rowKey, CancellationToken cancellationToken) =>
        ReadSnapshotAsync(TableClient.CreateQueryFilter($"PartitionKey eq {clusterId} and (RowKey eq {rowKey} or RowKey eq {VersionRows.Version})"), cancellationToken);

    /// <summary>The rows that fit a filter, page by page as they come.</summary>
    public async IAsyncEnumerable<Page<TableEntity>> QueryAsync(string filter, IEnumerable<string>? columns, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var rows = 0;
        await foreach (var page in Client.QueryAsync<TableEntity>(filter, options.PageRows, columns, cancellationToken).AsPages())
        {
            rows += page.Values.Count;
            if (rows > MaxRows) throw new InvalidOperationException($"{Place} has more than {MaxRows} rows: it is not a membership table.");
            yield return page;
        }
    }

    /// <summary>Writes some rows in one transaction, whole or not at all.</summary>
    /// <exception cref="RequestFailedException">The table refused, or no answer came: what happened is unknown in the latter case.</exception>
    public Task SubmitAsync(IEnumerable<TableTransactionAction> actions, CancellationToken cancellationToken) => Client.SubmitTransactionAsync(actions, cancellationToken);

    /// <summary>Changes some columns of a row, whoever else writes it.</summary>
    /// <returns>False if there is no such row; it is not created.</returns>
    public async Task<bool> TryMergeAsync(TableEntity columns, CancellationToken cancellationToken)
    {
        try
        {
            await Client.UpdateEntityAsync(columns, ETag.All, TableUpdateMode.Merge, cancellationToken);
            return true;
        }
        catch (RequestFailedException failed) when (StorageFailure.IsItemMissing(failed))
        {
            return false;
        }
    }

    /// <summary>Deletes rows that are still as they were read; one that changed or is gone already stays as it is.</summary>
    /// <returns>How many rows this call deleted.</returns>
    public async Task<int> DeleteUnchangedAsync(IEnumerable<TableEntity> rows, CancellationToken cancellationToken)
    {
        var deleted = 0;
        var together = new ParallelOptions { MaxDegreeOfParallelism = MaxDeletionsAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(rows, together, async (row, token) =>
        {
            if (await TryDeleteAsync(row.RowKey, row.ETag, token)) Interlocked.Increment(ref deleted);
        });
        return deleted;
    }

    /// <summary>Deletes every row of the cluster.</summary>
    public async Task DeleteAllAsync(CancellationToken cancellationToken)
    {
        // First the version: whoever reads now finds no table, never a table with fewer silos.
        await TryDeleteAsync(VersionRows.Version, ETag.All, cancellationToken);

        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {clusterId}");
        var rows = await RowsOfAsync(filter, [Columns.PartitionKey, Columns.RowKey], cancellationToken);
        foreach (var row in rows.Rows) row.ETag = ETag.All;
        await DeleteUnchangedAsync(rows.Rows, cancellationToken);
    }

    private async Task<bool> TryDeleteAsync(string rowKey, ETag condition, CancellationToken cancellationToken)
    {
        try
        {
            var response = await Client.DeleteEntityAsync(clusterId, rowKey, condition, cancellationToken);
            return !response.IsError; // A missing row is an answer here, not an exception.
        }
        catch (RequestFailedException failed) when (StorageFailure.IsLostRace(failed))
        {
            return false;
        }
    }

    // One page is one moment. Several may be torn by a write between them: then the fences must agree, or, where silos write that know
    // no fences, the version row must be the same before and after.
    private async Task<TableSnapshot> ReadSnapshotAsync(string filter, CancellationToken cancellationToken)
    {
        for (var read = 1; read <= MaxSnapshotReads; read++)
        {
            var before = read == 1 ? null : await VersionTagAsync(cancellationToken);
            var (rows, isOnePage) = await RowsOfAsync(filter, columns: null, cancellationToken);
            var snapshot = new TableSnapshot(rows, Place);
            if (isOnePage || FencesAgree(rows, snapshot.VersionRow)) return snapshot;
            if (before is not null && before == await VersionTagAsync(cancellationToken)) return snapshot;
        }

        throw new InconsistentStateException($"{Place} changed during each of {MaxSnapshotReads} reads in pages.");
    }

    private static bool FencesAgree(List<TableEntity> rows, TableEntity versionRow)
    {
        if (rows[0].RowKey != VersionRows.FirstFence || rows[^1].RowKey != VersionRows.LastFence) return false;

        // The version row lies between the fences, so that a writer who knows none shows as a difference.
        var version = versionRow.GetString(Columns.MembershipVersion);
        return rows[0].GetString(Columns.MembershipVersion) == version && rows[^1].GetString(Columns.MembershipVersion) == version;
    }

    private async Task<ETag?> VersionTagAsync(CancellationToken cancellationToken)
    {
        var row = await Client.GetEntityIfExistsAsync<TableEntity>(clusterId, VersionRows.Version, [Columns.PartitionKey, Columns.RowKey], cancellationToken);
        return row.HasValue ? row.Value!.ETag : null;
    }

    private async Task<(List<TableEntity> Rows, bool IsOnePage)> RowsOfAsync(string filter, IEnumerable<string>? columns, CancellationToken cancellationToken)
    {
        var rows = new List<TableEntity>();
        var pages = 0;
        await foreach (var page in QueryAsync(filter, columns, cancellationToken))
        {
            rows.AddRange(page.Values);
            pages++;
        }

        return (rows, pages <= 1);
    }
}
