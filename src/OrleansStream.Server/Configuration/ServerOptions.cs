using System.ComponentModel.DataAnnotations;

namespace OrleansStream.Server.Configuration;

/// <summary>What the executable itself is told; everything else has its options beside the code that it steers.</summary>
public sealed class ServerOptions : IValidatableObject
{
    public const string Section = "OrleansStream";

    /// <summary>Where this broker keeps its data; --data. Unless set: orleansstream in $XDG_DATA_HOME, else in ~/.local/share.</summary>
    public string Data { get; set; } = DefaultDataDirectory();

    /// <summary>HOST:PORT of health checks and metrics; --http. 127.0.0.1:8080 unless set.</summary>
    public string Http { get; set; } = "127.0.0.1:8080";

    /// <summary>How long a stopping broker may take to answer what is in flight and to close its log. 1 s to 1 day; 20 s unless set.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(20);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (TimeRange.Wrong(nameof(StopTimeout), StopTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)) is { } wrong) yield return new ValidationResult(wrong, [nameof(StopTimeout)]);
    }

    private static string DefaultDataDirectory()
    {
        var home = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        var root = string.IsNullOrEmpty(home)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share")
            : home;
        return Path.Combine(root, "orleansstream");
    }
}
