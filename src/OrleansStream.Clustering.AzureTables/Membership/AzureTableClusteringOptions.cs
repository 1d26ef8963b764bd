using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>Where the cluster's membership table lies. Every silo and client of a cluster names the same table, and the same cluster id in Orleans' ClusterOptions.</summary>
public sealed partial class AzureTableClusteringOptions : StorageAccountOptions
{
    /// <summary>The table that Orleans' own packages use too.</summary>
    public const string DefaultTableName = "OrleansSiloInstances";

    /// <summary>The table's name: 3 to 63 letters and digits, the first a letter; <see cref="DefaultTableName"/> unless set. Created if it is not there.</summary>
    public string TableName { get; set; } = DefaultTableName;

    /// <summary>Rows that one page of an answer holds. The service's own limit, 1,000, unless a test wants many pages.</summary>
    internal int? PageRows { get; set; }

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => base.Validate(validationContext).Concat(TableFaults());

    private IEnumerable<ValidationResult> TableFaults()
    {
        if (!TableNames().IsMatch(TableName ?? ""))
        {
            yield return new ValidationResult($"{nameof(TableName)} is '{TableName}'; it must be 3 to 63 letters and digits, the first a letter.");
        }
    }

    [GeneratedRegex(@"^[A-Za-z][A-Za-z0-9]{2,62}\z")]
    private static partial Regex TableNames();
}
