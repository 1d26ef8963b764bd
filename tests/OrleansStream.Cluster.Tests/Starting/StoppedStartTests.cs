using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class StoppedStartTests : IDisposable
{
    private const string Calm = "OrleansStream was told to stop before it served clients, and has stopped.";
    private const string FirstFile = "";

    // What a start can be seen to have done, in this order: its first file, and lines of its log. When the last two of it are done, clients are served at once.
    private static readonly string[] Moments =
    [
        FirstFile, "Initializing silo", "Started silo", "Starting Orleans Silo", "Silo Start()", "Init grain services took", "Joining", "Finished BecomeActive",
        "Orleans Silo started", "Now listening on",
    ];

    private static readonly string[] Talkative =
    [
        "--Logging:LogLevel:Orleans.Runtime.Silo=Information", "--Logging:LogLevel:Orleans.Hosting=Information",
        "--Logging:LogLevel:Orleans.Runtime.MembershipService.MembershipAgent=Information", "--Logging:LogLevel:Microsoft.Hosting.Lifetime=Information",
    ];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-stopped-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_that_is_told_to_stop_stops_calmly_at_whatever_moment(bool hasRecords)
    {
        if (hasRecords) await StoredLog.WriteAsync(Data("whole"));
        for (var moment = 0; moment < Moments.Length; moment++)
        {
            var (exitCode, output, errors) = await StopAsync(Data(hasRecords ? "whole" : $"new-{moment}"), Moments[moment]);

            Assert.Equal((0, ""), (exitCode, errors));
            var line = Assert.Single(output.Split('\n'), line => !line.Contains(" info: ", StringComparison.Ordinal));
            var isStopped = line == Calm;
            Assert.True(isStopped || line.StartsWith("OrleansStream broker 1 serves", StringComparison.Ordinal), line);
            Assert.True(isStopped || moment >= Moments.Length - 2, $"Told to stop at '{Moments[moment]}', it served clients first.\n{output}");
        }
    }

    [Fact]
    public async Task A_verification_that_is_told_to_stop_judges_nothing()
    {
        await StoredLog.WriteAsync(Data("whole"));
        await using var run = ServerRun.Start("verify", "--data", Data("whole"));
        await run.HasOpenAsync(Path.Combine(Data("whole"), "lock"));

        var (exitCode, _) = await run.SignalAsync(Signals.Terminate);

        Assert.Equal((2, "", "Told to stop before everything was read: what was not read is not judged."), (exitCode, run.Output, run.Errors));
    }

    private string Data(string name) => Path.Combine(_directory.FullName, name);

    private static async Task<(int ExitCode, string Output, string Errors)> StopAsync(string data, string moment)
    {
        var before = Files(data);
        await using var run = ServerRun.Start(["--data", data, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", .. Talkative]);
        if (moment == FirstFile) await run.UntilAsync(() => Files(data) > before);
        else await run.SaidAsync(moment);

        var (exitCode, _) = await run.SignalAsync(Signals.Terminate);
        return (exitCode, run.Output, run.Errors);
    }

    private static int Files(string data) => Directory.Exists(data) ? Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Count() : 0;
}
