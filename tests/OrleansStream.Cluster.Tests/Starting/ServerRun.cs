using System.Diagnostics;
using System.Text.RegularExpressions;
using OrleansStream.Testing.Brokers;

namespace OrleansStream.Cluster.Tests.Starting;

/// <summary>The executable as a person runs it: with any arguments, until it ends or is told to.</summary>
internal sealed partial class ServerRun : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];
    private (string Part, TaskCompletionSource Said)? _awaited;
    private readonly TaskCompletionSource _announced = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ServerRun(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int ProcessId => _process.Id;

    public string Output => Text(_output);

    public string Errors => Text(_errors);

    /// <summary>Where the start-up line says that clients connect.</summary>
    public string Bootstrap => Address().Match(Output).Groups["kafka"].Value;

    public static ServerRun Start(params string[] arguments) => Start(new Dictionary<string, string>(), arguments);

    public static ServerRun Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        // A shell that runs the tests in its background makes its children ignore SIGINT, and an ignored signal is inherited: no terminal would do that.
        var start = new ProcessStartInfo("env") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("--default-signal=INT");

        // A test that forbids writing wants a write that fails, and no signal.
        start.ArgumentList.Add("--ignore-signal=XFSZ");
        start.ArgumentList.Add("dotnet");
        start.ArgumentList.Add(Repository.ServerAssembly());
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ServerRun(start);
    }

    /// <summary>A broker on free ports unless the arguments say where, waited for until it says where it serves.</summary>
    public static async Task<ServerRun> ServeAsync(string data, params string[] arguments)
    {
        var saysWhere = arguments.Any(argument => argument is "--kafka" || argument.StartsWith("--Kafka:listeners", StringComparison.Ordinal));
        var run = Start(["--data", data, "--http", "127.0.0.1:0", .. saysWhere ? arguments : ["--kafka", "127.0.0.1:0", .. arguments]]);
        await run.AnnouncedAsync();
        return run;
    }

    /// <summary>Waits for the start-up line.</summary>
    public async Task AnnouncedAsync()
    {
        var ended = _process.WaitForExitAsync();
        var first = await Task.WhenAny(_announced.Task, ended).WaitAsync(Limit);
        Assert.True(first == _announced.Task, $"It ended with code {(_process.HasExited ? _process.ExitCode : -1)}.\n{Output}\n{Errors}");
    }

    /// <summary>Waits until a line of its output holds this.</summary>
    public async Task SaidAsync(string part)
    {
        var said = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_output)
        {
            _awaited = (part, said);
            if (_output.Exists(line => line.Contains(part, StringComparison.Ordinal))) said.TrySetResult();
        }

        await said.Task.WaitAsync(Limit);
    }

    /// <summary>Waits until the process has this file open.</summary>
    public Task HasOpenAsync(string file) => UntilAsync(() => OpenFiles().Contains(file));

    /// <summary>Waits for what the process does outside of itself and tells nobody of.</summary>
    public async Task UntilAsync(Func<bool> isDone)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!isDone())
        {
            Assert.False(_process.HasExited, $"{Output}\n{Errors}");
            await Task.Delay(1, limit.Token);
        }
    }

    /// <summary>Waits for the end of the process and of its output.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        return _process.ExitCode;
    }

    /// <summary>Sends a signal, and returns the exit code with the time that it took.</summary>
    public async Task<(int ExitCode, TimeSpan Took)> SignalAsync(int signal)
    {
        var watch = Stopwatch.StartNew();
        Signals.Send(_process.Id, signal);
        return (await EndAsync(), watch.Elapsed);
    }

    /// <summary>Status and body of an HTTP page, whatever the status.</summary>
    public async Task<(int Status, string Text)> AskAsync(string path)
    {
        using var answer = await Client.GetAsync(new Uri(Address().Match(Output).Groups["http"].Value + path));
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync());
    }

    public Task<string> GetAsync(string path) => Client.GetStringAsync(new Uri(Address().Match(Output).Groups["http"].Value + path));

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    // Of a process that begins and ends meanwhile.
    private List<string> OpenFiles()
    {
        try
        {
            return [.. Directory.EnumerateFileSystemEntries($"/proc/{_process.Id}/fd").Select(static link => File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName ?? "")];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static string Text(List<string> lines)
    {
        lock (lines) return string.Join('\n', lines);
    }

    private void Keep(List<string> lines, string? line)
    {
        if (line is null) return;
        lock (lines)
        {
            lines.Add(line);
            if (lines == _output && _awaited is var (part, said) && line.Contains(part, StringComparison.Ordinal)) said.TrySetResult();
        }

        if (lines == _output && Address().IsMatch(line)) _announced.TrySetResult();
    }

    [GeneratedRegex(@"serves Kafka clients on (?<kafka>\S+); data in .*; health and metrics on (?<http>http://\S+)\.")]
    private static partial Regex Address();
}
