using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace OrleansStream.Log.AzureBlobs.Accounts;

/// <summary>Which storage account holds the log, and how patiently it is asked.</summary>
public sealed partial class BlobAccountOptions : IValidatableObject
{
    public const string Section = "OrleansStream:Blobs";

    private const int MostRetries = 10;

    private static readonly TimeSpan ShortestRequest = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestRequest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestFirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ShortestDecision = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDecision = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The account with its key or signature: for development and the emulator. Never logged, and no error repeats it. Exactly one of this and
    /// <see cref="AccountUrl"/> is set.
    /// </summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// One of the account's service endpoints over https, such as https://NAME.blob.core.windows.net. Who asks there is told by a credential, by default
    /// <c>DefaultAzureCredential</c>: environment, workload or managed identity, developer tools.
    /// </summary>
    public Uri? AccountUrl { get; set; }

    /// <summary>The client id of the user-assigned identity that <c>DefaultAzureCredential</c> takes; unset for the system-assigned one. Only with <see cref="AccountUrl"/>.</summary>
    public string? ManagedIdentityClientId { get; set; }

    /// <summary>The container of one cluster: 3 to 63 small letters, digits and single hyphens; <c>orleansstream</c> unless set. Created if it is not there.</summary>
    public string Container { get; set; } = "orleansstream";

    /// <summary>How long one try of a request may take. 100 ms to 1 min; 10 s unless set. A write that ends so may have happened, and is looked up.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a read, a list or a deletion is tried again that found the account busy or out of reach. 0 to 10; 3 unless set. Writes are repeated by those who know what that means.</summary>
    public int MaxReadRetries { get; set; } = 3;

    /// <summary>The pause before the first new try, which doubles with each, with jitter, up to 20 times itself. 0 to 5 s; 100 ms unless set.</summary>
    public TimeSpan RetryPause { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How long a write of unknown outcome is asked for again before its caller is told that it stays unknown. 1 s to 10 min; 1 min unless set.</summary>
    public TimeSpan UndecidedTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Options for the account that one text names: a URL over https, or else a connection string.</summary>
    public static BlobAccountOptions Of(string connectionStringOrAccountUrl) =>
        Uri.TryCreate(connectionStringOrAccountUrl, UriKind.Absolute, out var url) && url.Scheme.StartsWith(Uri.UriSchemeHttp, StringComparison.Ordinal)
            ? new BlobAccountOptions { AccountUrl = url }
            : new BlobAccountOptions { ConnectionString = connectionStringOrAccountUrl };

    /// <summary>What keeps a text from naming an account as <see cref="Of"/> reads it, as the end of a sentence; null if nothing does. Repeats no secret.</summary>
    public static string? FaultOf(string connectionStringOrAccountUrl)
    {
        var named = Of(connectionStringOrAccountUrl);
        if (named.AccountUrl is { } url) return BlobEndpoint.FaultOf(url);
        return BlobEndpoint.CanRead(connectionStringOrAccountUrl)
            ? null
            : "cannot be read; it takes an account URL such as https://NAME.blob.core.windows.net, or a connection string, which holds an account's name and key or signature, or is UseDevelopmentStorage=true.";
    }

    /// <summary>What is wrong with these options, one sentence each; none repeats a secret.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Faults().Select(sentence => new ValidationResult(sentence));

    internal IEnumerable<string> Faults() => AccountFaults().Concat(PatienceFaults());

    private IEnumerable<string> AccountFaults()
    {
        if (!ContainerNames().IsMatch(Container ?? ""))
        {
            yield return $"{nameof(Container)} is '{Container}'; it must be 3 to 63 small letters, digits and single hyphens, with no hyphen at either end.";
        }

        if (string.IsNullOrWhiteSpace(ConnectionString) == AccountUrl is null)
        {
            yield return $"{nameof(ConnectionString)} and {nameof(AccountUrl)} are {(AccountUrl is null ? "both unset" : "both set")}; exactly one of them must be set.";
            yield break;
        }

        if (AccountUrl is not null && BlobEndpoint.FaultOf(AccountUrl) is { } fault) yield return $"{nameof(AccountUrl)} {fault}";
        if (AccountUrl is null && !BlobEndpoint.CanRead(ConnectionString!))
        {
            yield return $"{nameof(ConnectionString)} cannot be read; it must hold an account's name and key or signature, or be UseDevelopmentStorage=true.";
        }

        if (AccountUrl is null && ManagedIdentityClientId is not null)
        {
            yield return $"{nameof(ManagedIdentityClientId)} is set beside {nameof(ConnectionString)}; it needs {nameof(AccountUrl)} instead.";
        }
    }

    private IEnumerable<string> PatienceFaults()
    {
        if (RequestTimeout < ShortestRequest || RequestTimeout > LongestRequest) yield return Outside(nameof(RequestTimeout), RequestTimeout, ShortestRequest, LongestRequest);
        if (MaxReadRetries is < 0 or > MostRetries) yield return $"{nameof(MaxReadRetries)} is {MaxReadRetries}; it must be between 0 and {MostRetries}.";
        if (RetryPause < TimeSpan.Zero || RetryPause > LongestFirstPause) yield return Outside(nameof(RetryPause), RetryPause, TimeSpan.Zero, LongestFirstPause);
        if (UndecidedTimeout < ShortestDecision || UndecidedTimeout > LongestDecision)
        {
            yield return Outside(nameof(UndecidedTimeout), UndecidedTimeout, ShortestDecision, LongestDecision);
        }
    }

    private static string Outside(string name, TimeSpan value, TimeSpan least, TimeSpan most) => $"{name} is {value}; it must be between {least} and {most}.";

    [GeneratedRegex(@"^(?=.{3,63}\z)[a-z0-9]+(-[a-z0-9]+)*\z")]
    private static partial Regex ContainerNames();
}
