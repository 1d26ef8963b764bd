using Azure;
using Azure.Data.Tables;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>One change of the membership table: a silo's row with the table's next version, whole or not at all.</summary>
internal sealed class MembershipTransaction
{
    private readonly TableEntity _silo;
    private readonly TableEntity _version;
    private readonly ETag _expected;
    private readonly List<TableTransactionAction> _actions;

    private MembershipTransaction(TableTransactionAction siloAction, string clusterId, int version, string expectedTag)
    {
        _silo = (TableEntity)siloAction.Entity;
        _version = VersionRows.OfVersion(clusterId, version);
        _expected = new ETag(expectedTag);
        _actions = [siloAction, new(TableTransactionActionType.UpdateReplace, _version, _expected)];
        _actions.AddRange(VersionRows.Fences(clusterId, version).Select(fence => new TableTransactionAction(TableTransactionActionType.UpsertReplace, fence)));
    }

    /// <summary>Adds a silo that has no row yet.</summary>
    public static MembershipTransaction Insert(TableEntity silo, int version, string expectedTag) =>
        new(new TableTransactionAction(TableTransactionActionType.Add, silo), silo.PartitionKey, version, expectedTag);

    /// <summary>Replaces a row that must be there. Its own ETag does not count: heartbeats change it, and the version's tells of everything else.</summary>
    public static MembershipTransaction Update(TableEntity silo, int version, string expectedTag) =>
        new(new TableTransactionAction(TableTransactionActionType.UpdateReplace, silo, ETag.All), silo.PartitionKey, version, expectedTag);

    /// <summary>Commits, and finds out what happened where no answer tells it.</summary>
    /// <param name="table">Where.</param>
    /// <param name="options">How patiently.</param>
    /// <param name="time">Measures the pauses between tries.</param>
    /// <param name="unclear">Told of each try whose outcome was unknown.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <returns>True if this change is in the table; false if it is not and never will be.</returns>
    /// <exception cref="RequestFailedException">The account could not be asked whether it happened, or refused for another reason than a lost race.</exception>
    public async Task<bool> CommitAsync(SiloTable table, AzureTableClusteringOptions options, TimeProvider time, Action<Exception> unclear, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await table.SubmitAsync(_actions, cancellationToken);
                return true;
            }
            catch (RequestFailedException failed) when (StorageFailure.IsLostRace(failed))
            {
                // The winner may be an earlier try of this very change.
                return attempt > 0 && await LookUpAsync(table, cancellationToken) == Outcome.Happened;
            }
            catch (Exception exception) when (StorageFailure.LeavesOutcomeUnknown(exception, cancellationToken))
            {
                unclear(exception);
                var outcome = await LookUpAsync(table, cancellationToken);
                if (outcome != Outcome.NotYet) return outcome == Outcome.Happened;
                if (attempt == options.MaxRetries) throw;
            }

            // An earlier try may still be on its way. It and the next one carry the same condition, so one of them fails.
            await Task.Delay(RetryDelays.After(attempt, options.RetryDelay), time, cancellationToken);
        }
    }

    // The version tells whether anybody wrote, the silo's row who it was: nobody else writes this vote, or this status, at this time.
    private async Task<Outcome> LookUpAsync(SiloTable table, CancellationToken cancellationToken)
    {
        var now = await table.ReadOneAsync(_silo.RowKey, cancellationToken);
        if (now.VersionRow.ETag == _expected) return Outcome.NotYet;

        var reached = now.Version.Version >= VersionRows.Parse(_version).Version;
        return reached && now.Silos.Any(row => SiloRow.SaysTheSame(row, _silo)) ? Outcome.Happened : Outcome.Lost;
    }

    private enum Outcome
    {
        /// <summary>The table is still as the change expects it.</summary>
        NotYet,

        /// <summary>The change is in the table.</summary>
        Happened,

        /// <summary>Another change came first.</summary>
        Lost,
    }
}
