using System.ComponentModel.DataAnnotations;
using Orleans;
using Orleans.Runtime;

namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>Checks options before a silo or client starts.</summary>
/// <param name="name">The name of the options, in messages; null for unnamed ones.</param>
/// <param name="options">What is checked.</param>
internal sealed class OptionsCheck(string? name, IValidatableObject options) : IConfigurationValidator
{
    /// <exception cref="OrleansConfigurationException">An option breaks its rule; the message says which, its value and the rule.</exception>
    public void ValidateConfiguration()
    {
        var faults = options.Validate(new ValidationContext(options)).Select(fault => fault.ErrorMessage).ToList();
        if (faults.Count == 0) return;

        var subject = options.GetType().Name + (string.IsNullOrEmpty(name) ? "" : $" '{name}'");
        throw new OrleansConfigurationException($"{subject}: {string.Join(' ', faults)}");
    }
}
