using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed partial class ConsoleLogTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-console-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task An_event_is_one_line_with_its_time_in_utc_unless_asked_otherwise()
    {
        var before = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1);

        var lines = await LogAsync();

        Assert.Contains(lines, line => line.Contains("without effect in this broker: num.io.threads", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Matches(Event(), line));
        Assert.DoesNotContain(lines, line => line.Contains("grain service", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.InRange(Time(Event().Match(line).Groups["time"].Value), before, TimeProvider.System.GetUtcNow().UtcDateTime));
    }

    [Fact]
    public async Task An_event_is_one_object_with_its_parts_by_name_if_json_is_asked_for()
    {
        var before = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(-1);

        var events = (await LogAsync("--Logging:Console:FormatterName=json")).ConvertAll(line => JsonDocument.Parse(line).RootElement);

        // The start-up line too, which is for people otherwise.
        var started = Assert.Single(events, entry => entry.GetProperty("State").TryGetProperty("ClusterId", out _));
        Assert.Equal(_directory.FullName, started.GetProperty("State").GetProperty("DataDirectory").GetString());
        var warning = Assert.Single(events, entry => entry.GetProperty("State").TryGetProperty("Names", out var names) && names.GetString() == "num.io.threads");
        Assert.Equal("Warning", warning.GetProperty("LogLevel").GetString());
        Assert.All(events, entry => Assert.InRange(Time(entry.GetProperty("Timestamp").GetString()!), before, TimeProvider.System.GetUtcNow().UtcDateTime));
    }

    [Fact]
    public async Task What_the_logging_section_says_of_the_format_wins()
    {
        var lines = await LogAsync("--Logging:Console:FormatterOptions:TimestampFormat=HH-mm ");

        Assert.All(lines, line => Assert.Matches("^[0-9]{2}-[0-9]{2} (info|warn): ", line));
    }

    private static DateTime Time(string text) => DateTime.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);

    // Without the start-up line, which is no event unless machines read along.
    private async Task<List<string>> LogAsync(params string[] arguments)
    {
        await using var run = await ServerRun.ServeAsync(_directory.FullName, ["--Kafka:num.io.threads=3", .. arguments]);
        await run.SignalAsync(Signals.Terminate);

        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => !line.StartsWith("OrleansStream broker", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(lines);
        return lines;
    }

    [GeneratedRegex(@"^(?<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z) (info|warn): OrleansStream\S* \S.*")]
    private static partial Regex Event();
}
