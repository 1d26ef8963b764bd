using System.Diagnostics;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Interop.Tests.Scripts;

/// <summary>The commands of README.md's quick start, as they stand there but for the ports, the data directory and the build, which has been done.</summary>
public sealed partial class QuickStartTests : IDisposable
{
    private const string Bootstrap = "localhost:9092";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("orleansstream-quick-start-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task The_quick_start_of_the_readme_does_what_it_says()
    {
        var (start, greet) = Commands(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "README.md")));
        var said = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var server = Bash($"exec {start} --no-build --configuration {Configuration} -- --kafka localhost:0 --http 127.0.0.1:0", said);
        try
        {
            var address = await said.Task.WaitAsync(Limit);

            var answers = new List<string>();
            foreach (var command in greet) answers.Add(await ExternalTool.RunAsync("bash", ["-c", command.Replace(Bootstrap, address, StringComparison.Ordinal)]));

            Assert.Equal("hello", answers[^1].Trim());
            Assert.True(Directory.Exists(Path.Combine(_home.FullName, "orleansstream")));
        }
        finally
        {
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
        }
    }

    // The server is built as these tests were.
    private static string Configuration => AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug";

    private static (string Start, IReadOnlyList<string> Greet) Commands(string readme)
    {
        var section = readme[readme.IndexOf("## Quick start", StringComparison.Ordinal)..];
        var blocks = ShellBlock().Matches(section).Select(match => match.Groups["commands"].Value.Trim().Split('\n')).ToList();
        Assert.Single(blocks[0]);
        Assert.All(blocks[1], command => Assert.Contains(Bootstrap, command, StringComparison.Ordinal));
        return (blocks[0][0], blocks[1]);
    }

    private Process Bash(string command, TaskCompletionSource<string> said)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["XDG_DATA_HOME"] = _home.FullName;
        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Exited += (_, _) => said.TrySetException(new InvalidOperationException($"{command} ended with {process.ExitCode}.\n{string.Join('\n', lines)}"));
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Read(string? line)
        {
            if (line is null) return;
            lines.Enqueue(line);
            if (Serves().Match(line) is { Success: true } match) said.TrySetResult(match.Groups["address"].Value);
        }
    }

    [GeneratedRegex("```sh\n(?<commands>.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex(@"^OrleansStream broker 1 serves Kafka clients on (?<address>localhost:\d+); data in ")]
    private static partial Regex Serves();
}
