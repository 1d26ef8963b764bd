using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class StoppedStartTests : IDisposable
{
    private const int Moments = 10;
    private const string Calm = "OrleansStream was told to stop before it served clients, and has stopped.";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-stopped-");

    public void Dispose() => _directory.Delete(recursive: true);

    // The processor time that a start has used tells how far it has come, however busy the machine is.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_that_is_told_to_stop_stops_calmly_at_whatever_moment(bool hasRecords)
    {
        if (hasRecords) await StoredLog.WriteAsync(Data("whole"));
        var whole = await WholeStartAsync(Data("whole"));
        var before = 0;
        for (var moment = 0; moment < Moments; moment++)
        {
            var data = Data(hasRecords ? "whole" : $"new-{moment}");
            var (exitCode, output, errors) = await StopAsync(data, whole.Begun + ((whole.Served - whole.Begun) * moment / Moments));

            Assert.Equal((0, ""), (exitCode, errors));
            var line = Assert.Single(output.Split('\n'), line => !line.Contains(" info: ", StringComparison.Ordinal));
            if (line == Calm) before++;
            else Assert.StartsWith("OrleansStream broker 1 serves", line, StringComparison.Ordinal);
        }

        // One start takes more processor time than another.
        Assert.True(before >= Moments / 4, $"Only {before} of {Moments} starts were stopped before they served.");
    }

    [Fact]
    public async Task A_verification_that_is_told_to_stop_judges_nothing()
    {
        await StoredLog.WriteAsync(Data("whole"));
        var whole = await WholeStartAsync(Data("whole"));
        await using var run = ServerRun.Start("verify", "--data", Data("whole"));
        await run.UsedAsync(whole.Begun / 2);

        var (exitCode, _) = await run.SignalAsync(Signals.Terminate);

        Assert.Equal((2, "", "Told to stop before everything was read: what was not read is not judged."), (exitCode, run.Output, run.Errors));
    }

    private string Data(string name) => Path.Combine(_directory.FullName, name);

    // Processor time up to the first file of the data directory's new session, and up to the start-up line.
    private static async Task<(TimeSpan Begun, TimeSpan Served)> WholeStartAsync(string data)
    {
        await using var run = ServerRun.Start("--data", data, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0");
        var before = Files(data);
        while (Files(data) == before) await Task.Delay(1);
        var begun = ProcessFigures.Read(run.ProcessId).Cpu;
        await run.AnnouncedAsync();
        var served = ProcessFigures.Read(run.ProcessId).Cpu;
        await run.SignalAsync(Signals.Terminate);
        return (begun, served);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> StopAsync(string data, TimeSpan moment)
    {
        await using var run = ServerRun.Start("--data", data, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0");
        await run.UsedAsync(moment);
        var (exitCode, _) = await run.SignalAsync(Signals.Terminate);
        return (exitCode, run.Output, run.Errors);
    }

    private static int Files(string data) => Directory.Exists(data) ? Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Count() : 0;
}
