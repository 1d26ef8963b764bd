using System.ComponentModel.DataAnnotations;
using Azure.Core;
using Orleans;

namespace OrleansStream.Clustering.AzureTables.Accounts;

/// <summary>Which storage account is used, who asks, and how patiently.</summary>
public abstract class StorageAccountOptions : IValidatableObject
{
    private const int MostRetries = 20;

    private static readonly TimeSpan ShortestRequest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestRetryDelay = TimeSpan.FromMinutes(1);

    private protected StorageAccountOptions()
    {
    }

    /// <summary>
    /// The account with its key, for development and the emulator; unset otherwise. Never logged, and no error repeats it.
    /// Exactly one of this and <see cref="AccountUrl"/> is set.
    /// </summary>
    [Redact] public string? ConnectionString { get; set; }

    /// <summary>
    /// One of the account's service endpoints over https, such as https://NAME.blob.core.windows.net; the other services'
    /// endpoints follow from it. Who asks is told by <see cref="Credential"/>.
    /// </summary>
    public Uri? AccountUrl { get; set; }

    /// <summary>Who asks at <see cref="AccountUrl"/>. Unless set, <c>DefaultAzureCredential</c>: environment, workload or managed identity, developer tools.</summary>
    [Redact] public TokenCredential? Credential { get; set; }

    /// <summary>The client id of the user-assigned identity that <c>DefaultAzureCredential</c> takes; unset for the system-assigned one.</summary>
    public string? ManagedIdentityClientId { get; set; }

    /// <summary>How long one try of a request may take. 100 ms to 5 min; 10 s unless set. A write that ends so may have happened: it is looked up, see docs/formats.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a request is tried again that found the account unreachable or busy. 0 to 20; 4 unless set.</summary>
    public int MaxRetries { get; set; } = 4;

    /// <summary>The pause before the first new try; it doubles with each one, up to 5 s. 0 to 1 min; 200 ms unless set.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Tests put faults between the client and the account here.</summary>
    internal Action<ClientOptions>? ConfigureClient { get; set; }

    /// <summary>What is wrong with these options, one sentence each.</summary>
    public virtual IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        AccountFaults().Concat(PatienceFaults()).Select(sentence => new ValidationResult(sentence));

    private IEnumerable<string> AccountFaults()
    {
        if (string.IsNullOrWhiteSpace(ConnectionString) == AccountUrl is null)
        {
            yield return $"{nameof(ConnectionString)} and {nameof(AccountUrl)} are {(AccountUrl is null ? "both unset" : "both set")}; exactly one of them must be set.";
            yield break;
        }

        if (AccountUrl is not null && ServiceEndpoints.FaultOf(AccountUrl) is { } fault) yield return $"{nameof(AccountUrl)} {fault}";
        if (AccountUrl is null && !ServiceEndpoints.CanRead(ConnectionString!))
        {
            yield return $"{nameof(ConnectionString)} cannot be read; it must hold an account's name and key or signature, or be UseDevelopmentStorage=true.";
        }

        if (AccountUrl is null && (Credential is not null || ManagedIdentityClientId is not null))
        {
            yield return $"{nameof(Credential)} or {nameof(ManagedIdentityClientId)} is set beside {nameof(ConnectionString)}; it needs {nameof(AccountUrl)} instead.";
        }
    }

    private IEnumerable<string> PatienceFaults()
    {
        if (RequestTimeout < ShortestRequest || RequestTimeout > LongestRequest)
        {
            yield return $"{nameof(RequestTimeout)} is {RequestTimeout}; it must be between {ShortestRequest} and {LongestRequest}.";
        }

        if (MaxRetries is < 0 or > MostRetries) yield return $"{nameof(MaxRetries)} is {MaxRetries}; it must be between 0 and {MostRetries}.";
        if (RetryDelay < TimeSpan.Zero || RetryDelay > LongestRetryDelay)
        {
            yield return $"{nameof(RetryDelay)} is {RetryDelay}; it must be between {TimeSpan.Zero} and {LongestRetryDelay}.";
        }
    }
}
