using System.Globalization;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.Brokers;

/// <summary>
/// The broker that all clients are tried against: our server as a process, unless ORLEANSSTREAM_BOOTSTRAP names one that runs already,
/// or ORLEANSSTREAM_BROKER is "kafka", which tries the tests themselves on Apache Kafka from KAFKA_HOME.
/// </summary>
public partial class BrokerUnderTest : IAsyncLifetime
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-interop-");
    private BrokerProcess? _process;
    private string? _external;
    private int _names;

    /// <summary>What clients are given as bootstrap servers.</summary>
    public string Bootstrap => _external ?? _process!.Bootstrap;

    /// <summary>True where the tests are tried on Apache Kafka, which has some things that ours refuses, access control lists among them.</summary>
    public static bool IsApacheKafka => Environment.GetEnvironmentVariable("ORLEANSSTREAM_BROKER") == "kafka";

    /// <summary>The process, to be stopped and started; a test that needs it is skipped where the broker is somebody else's.</summary>
    public BrokerProcess Process
    {
        get
        {
            Assert.SkipWhen(_process is null, "The broker is an external one: it is not restarted.");
            return _process;
        }
    }

    public async ValueTask InitializeAsync()
    {
        _external = Environment.GetEnvironmentVariable("ORLEANSSTREAM_BOOTSTRAP") is { Length: > 0 } address ? address : null;
        if (_external is not null) return;

        _process = IsApacheKafka
            ? new ApacheKafkaBroker(_directory.FullName, new Dictionary<string, string> { ["group.initial.rebalance.delay.ms"] = "500" })
            : new OrleansStreamBroker(_directory.FullName, new Dictionary<string, string> { ["Kafka:group.initial.rebalance.delay.ms"] = "500" });
        await _process.StartAsync();
    }

    /// <summary>A name for a topic or group that no other test uses, whatever else the broker holds.</summary>
    public string NewName(string purpose) =>
        string.Create(CultureInfo.InvariantCulture, $"{purpose}-{Environment.ProcessId}-{Interlocked.Increment(ref _names)}");

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is null) return;
        try
        {
            if (_process is OrleansStreamBroker { IsRunning: true } ours) await AssertNoLeasesAsync(ours);
            await _process.StopAsync();
        }
        finally
        {
            await _process.DisposeAsync();
            _directory.Delete(recursive: true);
        }
    }

    // A block that nobody gives back is memory that a long-lived broker loses: every run has to end with none out.
    private static async Task AssertNoLeasesAsync(OrleansStreamBroker broker)
    {
        var metrics = await Eventually.BecomesAsync(
            () => broker.GetAsync("/metrics"),
            text => LeasesOut().Matches(text) is { Count: > 0 } gauges && gauges.All(gauge => double.Parse(gauge.Groups[1].Value, CultureInfo.InvariantCulture) == 0),
            "every block lease given back, and a gauge of them in /metrics");
        Assert.NotEmpty(metrics);
    }

    [GeneratedRegex(@"^[a-z_]*leases_out[a-z_]*(?:\{[^}]*\})? ([0-9.e+]+)", RegexOptions.Multiline)]
    private static partial Regex LeasesOut();
}
