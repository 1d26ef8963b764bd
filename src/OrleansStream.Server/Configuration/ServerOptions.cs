using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace OrleansStream.Server.Configuration;

/// <summary>What the executable itself is told; everything else has its options beside the code that it steers.</summary>
public sealed partial class ServerOptions : IValidatableObject
{
    public const string Section = "OrleansStream";

    /// <summary>Where this broker keeps its data; --data. Unless set: orleansstream in $XDG_DATA_HOME, else in ~/.local/share.</summary>
    public string Data { get; set; } = DefaultDataDirectory();

    /// <summary>
    /// The storage account of a cluster, with which this broker keeps nothing of its own; --storage. An account URL, asked as <c>DefaultAzureCredential</c>, or a
    /// connection string, for development and the emulator. Never logged. Unset: a broker by itself, on local files.
    /// </summary>
    public string? Storage { get; set; }

    /// <summary>HOST:PORT where the other brokers of the cluster reach this one; --silo. An IP address of this machine. 127.0.0.1:11111 unless set.</summary>
    public string Silo { get; set; } = "127.0.0.1:11111";

    /// <summary>IP:PORT where the silo listens, if what the others reach is passed on to it: a port mapping, a proxy. <see cref="Silo"/> unless set.</summary>
    public string? SiloListen { get; set; }

    /// <summary>The cluster that this broker is to be of: with another one's data it does not start. Unless set, whichever the data belongs to.</summary>
    public string? ClusterId { get; set; }

    /// <summary>How long a start waits for a storage account that cannot be reached. 1 s to 1 day; 5 min unless set.</summary>
    public TimeSpan StorageTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>HOST:PORT of health checks and metrics; --http. 127.0.0.1:8080 unless set.</summary>
    public string Http { get; set; } = "127.0.0.1:8080";

    /// <summary>
    /// How long a stop may take as a whole: to hand partitions over (70 % of it), to answer what is in flight (with the former 85 %), and to close the log. What
    /// is not done by then is left, and told. 1 s to 1 day; 25 s unless set, of the 30 s that containers are given as a rule.
    /// </summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(25);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (TimeRange.Wrong(nameof(StopTimeout), StopTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)) is { } wrong) yield return new ValidationResult(wrong, [nameof(StopTimeout)]);
        if (TimeRange.Wrong(nameof(StorageTimeout), StorageTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)) is { } late) yield return new ValidationResult(late, [nameof(StorageTimeout)]);
        if (ClusterId is not null && !ClusterIds().IsMatch(ClusterId))
        {
            yield return new ValidationResult($"{nameof(ClusterId)} is '{ClusterId}'; it must be 1 to 48 letters, digits, hyphens and underscores.", [nameof(ClusterId)]);
        }
    }

    private static string DefaultDataDirectory()
    {
        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        var root = string.IsNullOrEmpty(home)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share")
            : home;
        return Path.Combine(root, "orleansstream");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_-]{1,48}\z")]
    private static partial Regex ClusterIds();
}
