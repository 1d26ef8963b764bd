using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Orleans;
using Orleans.Storage;
using OrleansStream.Clustering.AzureTables.Accounts;

namespace OrleansStream.Clustering.AzureTables.GrainState;

/// <summary>Where grains' state lies, and how it is written.</summary>
public sealed partial class AzureBlobGrainStorageOptions : StorageAccountOptions, IStorageProviderSerializerOptions
{
    /// <summary>The container that Orleans' own packages use too.</summary>
    public const string DefaultContainerName = "grainstate";

    private const long MiB = 1024 * 1024;
    private const long LargestState = 1024 * MiB;

    /// <summary>The container's name: 3 to 63 small letters, digits and single hyphens; <see cref="DefaultContainerName"/> unless set. Created if it is not there.</summary>
    public string ContainerName { get; set; } = DefaultContainerName;

    /// <summary>True: clearing a state deletes its blob. False: it leaves an empty one, so that the state keeps an ETag. True unless set.</summary>
    public bool DeleteStateOnClear { get; set; } = true;

    /// <summary>Size in bytes of the largest state that is written or read. 1 KiB to 1 GiB; 64 MiB unless set.</summary>
    public long MaxStateBytes { get; set; } = 64 * MiB;

    /// <summary>The stage of a silo's start at which the container is created; ServiceLifecycleStage.ApplicationServices unless set.</summary>
    public int InitStage { get; set; } = ServiceLifecycleStage.ApplicationServices;

    /// <summary>How a state becomes bytes. Unless set, what Orleans has registered under the storage's name, else its default: JSON.</summary>
    public IGrainStorageSerializer GrainStorageSerializer { get; set; } = null!;

    /// <inheritdoc/>
    public override IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => base.Validate(validationContext).Concat(BlobFaults());

    private IEnumerable<ValidationResult> BlobFaults()
    {
        if (!ContainerNames().IsMatch(ContainerName ?? ""))
        {
            yield return new ValidationResult($"{nameof(ContainerName)} is '{ContainerName}'; it must be 3 to 63 small letters, digits and single hyphens, with no hyphen at either end.");
        }

        if (MaxStateBytes is < 1024 or > LargestState)
        {
            yield return new ValidationResult($"{nameof(MaxStateBytes)} is {MaxStateBytes}; it must be between 1024 and {LargestState}.");
        }
    }

    [GeneratedRegex(@"^(?=.{3,63}\z)[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex ContainerNames();
}
