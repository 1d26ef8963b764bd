using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Runtime;

namespace OrleansStream.Clustering.AzureTables.Membership;

/// <summary>Checks, before a silo or client starts, that the cluster's id can be a key of the table.</summary>
internal sealed class ClusterIdCheck(IOptions<ClusterOptions> cluster) : IConfigurationValidator
{
    private const int MaxCharacters = 255;

    /// <exception cref="OrleansConfigurationException">It cannot.</exception>
    public void ValidateConfiguration()
    {
        var id = cluster.Value.ClusterId;
        if (string.IsNullOrEmpty(id) || id.Length > MaxCharacters || id.Any(character => char.IsControl(character) || character is '/' or '\\' or '#' or '?'))
        {
            throw new OrleansConfigurationException($"ClusterId is '{id}'; in a membership table it must be 1 to {MaxCharacters} characters, none of them a control character, /, \\, # or ?.");
        }
    }
}
