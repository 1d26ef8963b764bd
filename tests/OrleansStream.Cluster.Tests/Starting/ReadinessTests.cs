using System.Diagnostics;

namespace OrleansStream.Cluster.Tests.Starting;

public sealed class ReadinessTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("orleansstream-ready-");

    public void Dispose() => _directory.Delete(recursive: true);

    // A limit of no bytes for the process's files is a disk on which every write fails.
    [Fact]
    public async Task A_broker_whose_disk_takes_no_write_turns_unready_says_why_and_turns_ready_by_itself()
    {
        await using var run = await ServerRun.ServeAsync(Path.Combine(_directory.FullName, "data"));
        await StoredLog.ProduceAsync(run.Bootstrap);
        Assert.Equal((200, "Ready\n"), await run.AskAsync("/health/ready"));

        await LimitFilesAsync(run, "0:");
        var producing = StoredLog.ProduceAsync(run.Bootstrap);
        var unready = await UntilAsync(run, status: 503);

        Assert.StartsWith("Not ready. For ", unready, StringComparison.Ordinal);
        Assert.Contains("refused a new session", unready, StringComparison.Ordinal);
        Assert.Equal(200, (await run.AskAsync("/health/live")).Status);

        await LimitFilesAsync(run, "unlimited:");
        Assert.Equal("Ready\n", await UntilAsync(run, status: 200));

        // Its producer only had to try again.
        await producing.WaitAsync(Limit);
    }

    private static async Task<string> UntilAsync(ServerRun run, int status)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            var (found, text) = await run.AskAsync("/health/ready");
            if (found == status) return text;
        }
    }

    private static async Task LimitFilesAsync(ServerRun run, string bytes)
    {
        using var prlimit = Process.Start("prlimit", ["--pid", $"{run.ProcessId}", $"--fsize={bytes}"]);
        await prlimit.WaitForExitAsync();
        Assert.Equal(0, prlimit.ExitCode);
    }
}
