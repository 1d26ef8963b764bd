using Azure.Data.Tables;
using Orleans;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>Rows of one cluster that were true at one moment, and the version that the table had then.</summary>
internal sealed class TableSnapshot
{
    /// <exception cref="InvalidOperationException">No row of these is the version's.</exception>
    public TableSnapshot(IReadOnlyList<TableEntity> rows, string whereFrom)
    {
        VersionRow = rows.FirstOrDefault(row => row.RowKey == VersionRows.Version)
            ?? throw new InvalidOperationException($"{whereFrom} has no version row: the table has not been initialised for this cluster, or its entries were deleted.");
        Silos = [.. rows.Where(row => !VersionRows.IsOne(row.RowKey))];
    }

    public IReadOnlyList<TableEntity> Silos { get; }

    public TableEntity VersionRow { get; }

    public TableVersion Version => VersionRows.Parse(VersionRow);
}
